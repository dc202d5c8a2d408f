import {element} from "../../elements.js";

/**
 * The text to speak. The character that sounds is marked in a copy of the text behind the field, which also gives the
 * field its height.
 *
 * @param {import("../app.js").App} app
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
    copy.textContent = `${text}\n`;
  }, signal);
  return element("div", {className: "editor"}, copy, field);
}
