import {element} from "../../../elements.js";
import {refill} from "../../components/refill.js";
import {spanWords} from "../../state/style_words.js";
import {edit} from "../../text/edit.js";
import {commonStyle, withStyle, withoutChanges} from "../../text/edited_text.js";
import {parsedText} from "../../text/source/parsed_source.js";

/** @typedef {import("../../text/edited_text.js").StyleName} StyleName */

const NUMBERS = /** @type {const} */ ({
  rate: [0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2],
  pitch: [-4, -2, -1, 1, 2, 4],
  range: [0, 0.5, 0.75, 1.25, 1.5, 2],
  volume: [0.25, 0.5, 0.75, 1.25, 1.5, 2],
  pauses: [0.25, 0.5, 0.75, 1.5, 2, 4],
});

const NUMBER_NAMES = /** @type {const} */ (["rate", "pitch", "range", "volume", "pauses"]);

/**
 * How the selected text sounds: emotion, speed, pitch and its range, volume and pauses, each as set where nothing else
 * is chosen.
 *
 * @param {import("../../app.js").App} app
 */
export function SpanTools(app) {
  const {store, t, signal} = app;
  const place = element("div", {id: "span-tools", className: "span-tools", role: "group", "aria-label": t.text.span});
  const hint = element("p", {className: "muted small"}, t.text.hint);
  store.watch(shown, () => {
    const {selection, text} = store.state;
    const {editable} = parsedText(text);
    hint.textContent = editable ? t.text.hint : t.text.fixed;
    hint.hidden = selection !== null && editable;
    place.hidden = !hint.hidden;
    if (selection && editable) refill(place, controls(app, selection));
  }, signal);
  store.watch((state) => parsedText(state.text).edited.text, () => store.update({selection: null}), signal);
  return element("div", {}, hint, place);
}

/** @param {import("../../state/app_state.js").AppState} state */
const shown = ({text, selection, settings, slot, voices}) =>
  JSON.stringify([text, selection, settings[slot].voice, voices.map(({emotions}) => emotions)]);

/**
 * @param {import("../../app.js").App} app
 * @param {{start: number, stop: number}} selection
 */
function controls({store, t}, {start, stop}) {
  const {edited} = parsedText(store.state.text);
  const style = commonStyle(edited, start, stop);
  const styles = edited.spans.filter((span) => span.start < stop && span.stop > start).map((span) => span.style);
  const isMixed = (/** @type {StyleName} */ name) => styles.some((each) => each[name] !== undefined);
  const {settings, slot, voices} = store.state;
  const emotions = voices.find(({id}) => id === settings[slot].voice)?.emotions ?? [];
  const change = (/** @type {StyleName} */ name, /** @type {string | number | undefined} */ value) =>
    edit(store, (before) => withStyle(before, start, stop, {[name]: value}));
  return [
    element("div", {className: "span-head"},
      element("span", {className: "small"}, t.text.selected([...edited.text.slice(start, stop).trim()].length)),
      element("button", {
        id: "clear-span", type: "button", className: "quiet small",
        onclick: () => edit(store, (before) => withoutChanges(before, start, stop)),
      }, t.text.clearSpan),
      element("button", {
        id: "unselect", type: "button", className: "quiet small", onclick: () => {
          store.update({selection: null});
          document.getElementById("reading")?.focus();
        },
      }, t.text.unselect)),
    StyleField(t, {
      name: "emotion", label: t.speak.emotion, words: (value) => t.speak.emotions[value] ?? value,
      values: emotions, value: style.emotion, mixed: isMixed("emotion"), change,
    }),
    ...NUMBER_NAMES.map((name) => {
      const {label, value: words} = spanWords(t, name);
      return StyleField(t, {
        name, label, words, values: NUMBERS[name], value: style[name], mixed: isMixed(name), change,
      });
    }),
  ];
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {object} field
 * @param {StyleName} field.name
 * @param {string} field.label
 * @param {readonly (string | number)[]} field.values
 * @param {string | number | undefined} field.value
 * @param {boolean} field.mixed Whether some of the text has a value.
 * @param {(value: any) => string} field.words Of a value.
 * @param {(name: StyleName, value: string | number | undefined) => void} field.change
 */
function StyleField(t, {name, label, values, value, mixed, words, change}) {
  const known = value === undefined || values.includes(value) ? values : [...values, value];
  const select = element("select", {
    id: `span-${name}`, onchange: () => change(name, known.find((each) => String(each) === select.value)),
  },
  element("option", {value: ""}, mixed && value === undefined ? `${t.text.asSet} / ${t.text.mixed}` : t.text.asSet),
  known.map((each) => element("option", {value: String(each), selected: each === value}, words(each))));
  return element("span", {className: "span-field"}, element("label", {for: select.id}, label), select);
}
