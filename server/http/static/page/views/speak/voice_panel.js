import {element} from "../../../elements.js";
import {refill} from "../../components/refill.js";
import {sampleKey} from "../../speech/sampler.js";
import {changeSettings, chooseVoice, defaultEmotion} from "../../state/settings.js";
import {ChoiceList} from "./choice_list.js";

/**
 * @typedef {import("../../state/app_state.js").Voice} Voice
 * @typedef {import("../../state/settings.js").Settings} Settings
 */

/**
 * Voice, speaker and emotion of the settings that are shown, chosen by listening.
 *
 * @param {import("../../app.js").App} app
 */
export function VoicePanel(app) {
  const {store, signal} = app;
  const panel = element("div", {className: "voice-panel"});
  let shown = new AbortController();
  signal.addEventListener("abort", () => shown.abort(), {once: true});
  const show = () => {
    shown.abort();
    shown = new AbortController();
    refill(panel, lists({...app, signal: shown.signal}));
  };
  store.watch(({voices, broken, settings, slot}) => {
    const {voice, speaker, emotion} = settings[slot];
    return JSON.stringify([voices, broken, slot, voice, speaker, emotion]);
  }, show, signal);
  return panel;
}

/** @param {import("../../app.js").App} app */
function lists(app) {
  const {store: {state}, t} = app;
  const settings = state.settings[state.slot];
  const voice = state.voices.find(({id}) => id === settings.voice);
  const unavailable = element("p", {className: "small muted"}, t.speak.unavailable(state.broken.length));
  return [
    state.voices.length > 1 ? voiceList(app, settings) : "",
    state.broken.length ? unavailable : "",
    voice && voice.speakers.length > 1 ? speakerList(app, settings, voice) : "",
    voice && voice.emotions.length > 1 ? emotionList(app, settings, voice) : "",
  ];
}

/**
 * @param {import("../../app.js").App} app
 * @param {Settings} settings
 */
function voiceList(app, settings) {
  const {store: {state}, t} = app;
  const choices = state.voices.map((voice) => {
    const sample = {...settings, voice: voice.id, speaker: voice.speakers[0] ?? null, emotion: defaultEmotion(voice)};
    const {speakers, emotions, sample_rate: rate, license} = voice;
    const note = t.speak.voiceNote(speakers.length, emotions.length, rate / 1000);
    return {...choice(app, voice.id, voice.name, sample), note, title: license ?? undefined};
  });
  return ChoiceList(app, {
    name: "voice", legend: t.speak.voice, choices, chosen: settings.voice, choose: (id) => chooseVoice(app.store, id),
  });
}

/**
 * @param {import("../../app.js").App} app
 * @param {Settings} settings
 * @param {Voice} voice
 */
function speakerList(app, settings, voice) {
  const label = (/** @type {string} */ name) => app.t.speak.speakers[name] ?? name;
  const choices = voice.speakers.map((speaker) => choice(app, speaker, label(speaker), {...settings, speaker}));
  return ChoiceList(app, {
    name: "speaker", legend: app.t.speak.speaker, choices, chosen: settings.speaker,
    choose: (speaker) => changeSettings(app.store, {speaker}),
  });
}

/**
 * @param {import("../../app.js").App} app
 * @param {Settings} settings
 * @param {Voice} voice
 */
function emotionList(app, settings, voice) {
  const label = (/** @type {string} */ name) => app.t.speak.emotions[name] ?? name;
  const choices = voice.emotions.map((emotion) => choice(app, emotion, label(emotion), {...settings, emotion}));
  return ChoiceList(app, {
    name: "emotion", legend: app.t.speak.emotion, choices, chosen: settings.emotion,
    choose: (emotion) => changeSettings(app.store, {emotion}),
  });
}

/**
 * @param {import("../../app.js").App} app
 * @param {string} value
 * @param {string} label
 * @param {Settings} settings Those of the sample.
 */
function choice({sampler}, value, label, settings) {
  const key = sampleKey(settings);
  return {
    value, label, sample: () => sampler.toggle(settings),
    sampling: (/** @type {import("../../state/app_state.js").AppState} */ {sample}) => sample === key,
  };
}
