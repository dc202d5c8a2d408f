import {element} from "../../../elements.js";

/** @typedef {import("../../state/settings.js").ReferenceUse} ReferenceUse */

/** @type {readonly ReferenceUse[]} */
const USES = ["emotion", "timbre", "delivery"];

/**
 * What is taken over of the recording, and how much.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../references/references.js").References} references
 */
export function ReferenceUses(app, references) {
  const {store, t, signal} = app;
  const nothing = element("p", {className: "small warning"}, t.reference.useNothing);
  store.watch(({settings, slot}) => settings[slot].reference?.use.length === 0, (none) => {
    nothing.hidden = !none;
  }, signal);
  return element("fieldset", {className: "reference-uses"}, element("legend", {}, t.reference.use),
    USES.map((use) => Use(app, references, use)), nothing, Strength(app, references));
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../references/references.js").References} references
 * @param {ReferenceUse} use
 */
function Use({store, t, signal}, references, use) {
  const {name, text} = t.reference.uses[use];
  const words = element("span", {className: "small muted"});
  const input = element("input", {type: "checkbox", id: `reference-${use}`, onchange: () => {
    const before = store.state.settings[store.state.slot].reference?.use ?? [];
    references.change({use: USES.filter((each) => (each === use ? input.checked : before.includes(each)))});
  }});
  store.watch(({settings, slot}) => settings[slot].reference?.use.includes(use) ?? false, (checked) => {
    input.checked = checked;
  }, signal);
  store.watch(({voices, settings, slot}) =>
    voices.find(({id}) => id === settings[slot].voice)?.reference_use?.includes(use) ?? true, (can) => {
    input.disabled = !can && !input.checked;
    words.textContent = can ? text : t.reference.cannot;
  }, signal);
  return element("label", {className: "option", for: input.id}, input, element("span", {}, name, " ", words));
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../references/references.js").References} references
 */
function Strength({store, t, signal}, references) {
  const output = element("output", {className: "number muted", for: "reference-strength"});
  const input = element("input", {
    type: "range", id: "reference-strength", min: "0", max: "1", step: "0.05",
    oninput: () => references.change({strength: Number(input.value)}),
  });
  store.watch(({settings, slot}) => settings[slot].reference?.strength ?? 1, (strength) => {
    if (Number(input.value) !== strength) input.value = String(strength);
    output.value = t.reference.percent(strength);
    input.setAttribute("aria-valuetext", output.value);
  }, signal);
  const control = element("div", {className: "control"},
    element("label", {for: "reference-strength"}, t.reference.strength), input, output);
  store.watch(({settings, slot}) => settings[slot].reference?.use.includes("emotion"), (used) => {
    control.hidden = !used;
  }, signal);
  return control;
}
