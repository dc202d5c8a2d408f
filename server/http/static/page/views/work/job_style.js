import {element} from "../../../elements.js";
import {refill} from "../../components/refill.js";
import {SelectField} from "../../components/select_field.js";
import {changeSettings, chooseVoice} from "../../state/settings.js";
import {styleWords} from "../../state/style_words.js";

/**
 * The voice and the style of a job: the settings that the speaking view shows.
 *
 * @param {import("../../app.js").App} app
 */
export function JobStyle(app) {
  const {store, t, signal} = app;
  const fields = element("div", {className: "fields"});
  const values = element("p", {className: "small muted"});
  store.watch(({voices, settings, slot}) => {
    const {voice, speaker, emotion} = settings[slot];
    return JSON.stringify([voices, voice, speaker, emotion]);
  }, () => {
    refill(fields, selects(app));
  }, signal);
  store.watch(({settings, slot}) => settings[slot], (settings) => {
    const toned = settings.reference?.use.includes("emotion");
    values.textContent = [...styleWords(t, settings), ...(toned ? [t.work.reference] : [])].join(" · ");
  }, signal);
  return element("fieldset", {className: "job-style"}, element("legend", {}, t.work.style), fields, values,
    element("p", {className: "small muted"}, t.work.styleHint, " ", element("a", {href: "#speak"}, t.work.tune)));
}

/** @param {import("../../app.js").App} app */
function selects({store, t}) {
  const {voices, settings, slot} = store.state;
  const shown = settings[slot];
  const voice = voices.find(({id}) => id === shown.voice);
  const {speakers, emotions} = t.speak;
  return [
    SelectField({
      id: "job-voice", label: t.speak.voice, value: shown.voice ?? "", choose: (id) => chooseVoice(store, id),
      options: voices.map(({id, name}) => [id, name]),
    }),
    ...(voice && voice.speakers.length > 1 ? [SelectField({
      id: "job-speaker", label: t.speak.speaker, value: shown.speaker ?? "",
      options: voice.speakers.map((name) => [name, speakers[name] ?? name]),
      choose: (speaker) => changeSettings(store, {speaker}),
    })] : []),
    ...(voice && voice.emotions.length > 1 ? [SelectField({
      id: "job-emotion", label: t.speak.emotion, value: shown.emotion ?? "",
      options: voice.emotions.map((name) => [name, emotions[name] ?? name]),
      choose: (emotion) => changeSettings(store, {emotion}),
    })] : []),
  ];
}
