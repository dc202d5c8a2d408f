import {element} from "../../elements.js";
import {CONTROLS, withVoice} from "../state/settings.js";
import {SelectField} from "./select_field.js";

/**
 * The voice and the style of a job: the settings that the speaking view shows.
 *
 * @param {import("../app.js").App} app
 */
export function JobStyle(app) {
  const {store, t, signal} = app;
  const fields = element("div", {className: "fields"});
  const values = element("p", {className: "small muted"});
  store.watch(({voices, settings, slot}) => {
    const {voice, speaker, emotion} = settings[slot];
    return JSON.stringify([voices, voice, speaker, emotion]);
  }, () => {
    const focused = fields.contains(document.activeElement) ? document.activeElement?.id : "";
    fields.replaceChildren(...selects(app));
    if (focused) document.getElementById(focused)?.focus();
  }, signal);
  store.watch(({settings, slot}) => settings[slot], (settings) => {
    const toned = settings.reference?.use.includes("emotion");
    values.textContent = [...styleWords(t, settings), ...(toned ? [t.work.reference] : [])].join(" · ");
  }, signal);
  return element("fieldset", {className: "job-style"}, element("legend", {}, t.work.style), fields, values,
    element("p", {className: "small muted"}, t.work.styleHint, " ", element("a", {href: "#speak"}, t.work.tune)));
}

/**
 * What differs from the start, in words: `Speed 1.2×`.
 *
 * @param {import("../i18n/messages.js").Messages} t
 * @param {import("../state/settings.js").Settings} settings
 */
export function styleWords(t, settings) {
  return CONTROLS.filter(({name, initial}) => settings[name] !== initial)
    .map(({name, unit}) => `${t.speak.controls[name]} ${t.speak.units[unit](settings[name])}`);
}

/** @param {import("../app.js").App} app */
function selects({store, t}) {
  const {voices, settings, slot} = store.state;
  const shown = settings[slot];
  const voice = voices.find(({id}) => id === shown.voice);
  const change = (/** @type {Partial<typeof shown>} */ part) =>
    store.update((state) => ({settings: {...state.settings, [slot]: {...state.settings[slot], ...part}}}));
  const choose = (/** @type {string} */ id) => {
    const chosen = voices.find((each) => each.id === id);
    if (chosen) change(withVoice(shown, chosen));
  };
  const {speakers, emotions} = t.speak;
  return [
    SelectField({
      id: "job-voice", label: t.speak.voice, value: shown.voice ?? "", choose,
      options: voices.map(({id, name}) => [id, name]),
    }),
    ...(voice && voice.speakers.length > 1 ? [SelectField({
      id: "job-speaker", label: t.speak.speaker, value: shown.speaker ?? "",
      options: voice.speakers.map((name) => [name, speakers[name] ?? name]), choose: (speaker) => change({speaker}),
    })] : []),
    ...(voice && voice.emotions.length > 1 ? [SelectField({
      id: "job-emotion", label: t.speak.emotion, value: shown.emotion ?? "",
      options: voice.emotions.map((name) => [name, emotions[name] ?? name]), choose: (emotion) => change({emotion}),
    })] : []),
  ];
}
