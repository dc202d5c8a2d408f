import {element} from "../../elements.js";

/**
 * A labelled choice among options, each a value and its words.
 *
 * @param {object} field
 * @param {string} field.id
 * @param {string} field.label
 * @param {readonly (readonly [string, string])[]} field.options
 * @param {string} field.value
 * @param {(value: string) => void} field.choose
 */
export function SelectField({id, label, options, value, choose}) {
  const select = element("select", {id, onchange: () => choose(select.value)},
    options.map(([each, words]) => new Option(words, each, false, each === value)));
  return element("div", {className: "field"}, element("label", {for: id}, label), select);
}
