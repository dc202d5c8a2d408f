import {element} from "../../../elements.js";
import {edit} from "../../text/edit.js";
import {withBreak} from "../../text/edited_text.js";

/**
 * The pause at a position of the text.
 *
 * @param {import("../../app.js").App} app
 * @param {object} field
 * @param {string} field.label
 * @param {number} field.at
 * @param {string} field.value Empty for the server's own.
 * @param {() => void} field.done Called when another one is chosen.
 */
export function PauseField({store, t}, {label, at, value, done}) {
  const names = t.text.pauses;
  const values = value in names ? Object.keys(names) : [...Object.keys(names), value];
  const options = values.map((each) => (
    element("option", {value: each, selected: each === value}, names[each] ?? each)));
  const select = element("select", {
    id: "pause", onchange: () => {
      edit(store, (edited) => withBreak(edited, at, select.value || null));
      done();
    },
  }, options);
  return element("div", {className: "menu-field"}, element("label", {for: "pause"}, label), select);
}
