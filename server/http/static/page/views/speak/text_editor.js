import {element} from "../../../elements.js";

/**
 * The text to speak. The character that sounds is marked in a copy of the text behind the field, which also gives the
 * field its height.
 *
 * @param {import("../../app.js").App} app
 */
export function TextEditor({store, t, signal}) {
  const copy = element("div", {className: "editor-copy", "aria-hidden": "true"});
  const field = element("textarea", {
    id: "text", className: "editor-field", spellcheck: false,
    placeholder: t.speak.placeholder, "aria-label": t.speak.textLabel,
    oninput: () => store.update({text: field.value}),
  });
  store.watch((state) => state.text, (text) => {
    if (field.value !== text) field.value = text;
  }, signal);
  const editor = element("div", {className: "editor"}, copy, field);
  store.watch(marking, (marked) => {
    mark(copy, store.state.text, typeof marked === "string" ? null : marked);
    if (typeof marked !== "string") follow(editor, copy.querySelector("mark"));
  }, signal);
  return editor;
}

/**
 * What decides how the copy looks.
 *
 * @param {import("../../state/app_state.js").AppState} state
 */
const marking = ({text, playback}) => (playback.text === text && playback.spoken ? playback.spoken : text);

/**
 * @param {HTMLElement} copy
 * @param {string} text
 * @param {{start: number, stop: number} | null} spoken
 */
function mark(copy, text, spoken) {
  if (!spoken) return copy.replaceChildren(`${text}\n`);
  const {start, stop} = spoken;
  copy.replaceChildren(text.slice(0, start), element("mark", {}, text.slice(start, stop)), `${text.slice(stop)}\n`);
}

/**
 * Scrolls the text, and not the page, so that what sounds is seen.
 *
 * @param {HTMLElement} editor
 * @param {HTMLElement | null} marked
 */
function follow(editor, marked) {
  if (!marked) return;
  const [{top, bottom}, frame] = [marked.getBoundingClientRect(), editor.getBoundingClientRect()];
  if (top < frame.top || bottom > frame.bottom) editor.scrollTop += top - frame.top - frame.height / 3;
}
