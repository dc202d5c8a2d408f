import {element} from "../../../elements.js";
import {icon} from "../../components/icon.js";

/**
 * A choice with a sample: `sample` plays it, or ends it; `sampling` tells whether it plays.
 *
 * @typedef {object} Choice
 * @property {string} value
 * @property {string} label
 * @property {string} [note] A line below the label.
 * @property {string} [title] What the mouse shows.
 * @property {() => void} sample
 * @property {(state: import("../../state/app_state.js").AppState) => boolean} sampling
 */

/**
 * Radio buttons, each with a button that plays a sample.
 *
 * @param {import("../../app.js").App} app
 * @param {object} list
 * @param {string} list.name
 * @param {string} list.legend
 * @param {readonly Choice[]} list.choices
 * @param {string | null} list.chosen
 * @param {(value: string) => void} list.choose
 */
export function ChoiceList(app, {name, legend, choices, chosen, choose}) {
  const items = choices.map((choice) => Item(app, name, choice, choice.value === chosen, choose));
  return element("fieldset", {className: "choices", "data-name": name},
    element("legend", {}, legend), element("div", {className: "choice-items"}, items));
}

/**
 * @param {import("../../app.js").App} app
 * @param {string} name
 * @param {Choice} choice
 * @param {boolean} checked
 * @param {(value: string) => void} choose
 */
function Item({store, t, signal}, name, choice, checked, choose) {
  const id = `${name}-${choice.value}`;
  const radio = element("input", {
    type: "radio", name, id, value: choice.value, checked, className: "visually-hidden",
    onchange: () => choose(choice.value),
  });
  const button = element("button", {type: "button", className: "sample", onclick: choice.sample});
  store.watch(choice.sampling, (sampling) => {
    const label = sampling ? t.speak.stopSample : t.speak.sample(choice.label);
    button.replaceChildren(icon(sampling ? "stop" : "play"));
    button.setAttribute("aria-label", label);
    button.title = label;
  }, signal);
  const note = choice.note && element("small", {className: "muted"}, choice.note);
  const label = element("label", {for: id}, choice.label, note);
  return element("div", {className: "choice", title: choice.title}, radio, label, button);
}
