import {element} from "../../../elements.js";
import {refill} from "../../components/refill.js";

/** @typedef {import("../../state/app_state.js").Slot} Slot */

/**
 * The head of the settings, and two settings of one text: which is shown, which is heard, and which is better, blind if
 * wished.
 *
 * @param {import("../../app.js").App} app
 */
export function ComparisonPanel(app) {
  const {store, t, signal} = app;
  const toggle = element("button", {
    id: "compare", type: "button", className: "quiet", onclick: () => (store.state.comparison ? end(app) : begin(app)),
  });
  const panel = element("div", {className: "comparison"});
  store.watch(({comparison}) => comparison, (comparison) => {
    toggle.textContent = comparison ? t.speak.compare.end : t.speak.compare.start;
    panel.hidden = !comparison;
  }, signal);
  store.watch(({comparison, slot}) => JSON.stringify([comparison, slot]), () => {
    refill(panel, parts(app));
  }, signal);
  const head = element("div", {className: "settings-head"}, element("h2", {}, t.speak.settings), toggle);
  return element("div", {}, head, panel);
}

/** @param {import("../../app.js").App} app */
function begin({store}) {
  store.update(({settings, slot}) => ({
    comparison: {blind: false, alternating: false, order: ["a", "b"], preferred: null},
    settings: {a: settings[slot], b: settings[slot]}, slot: "b",
  }));
}

/** The settings that are shown stay. @param {import("../../app.js").App} app */
function end({store, speech}) {
  speech.stop();
  store.update(({settings, slot}) => ({comparison: null, settings: {...settings, a: settings[slot]}, slot: "a"}));
}

/**
 * @param {import("../../app.js").App} app
 * @returns {HTMLElement[]}
 */
function parts(app) {
  const {store: {state}, t} = app;
  const {comparison} = state;
  if (!comparison) return [];
  const explanation = comparison.blind ? t.speak.compare.blindText : t.speak.compare.text;
  return [
    element("p", {className: "small muted"}, explanation),
    element("div", {className: "buttons"}, comparison.order.map((slot, index) => HearButton(app, slot, index))),
    element("div", {className: "buttons"},
      Option(app, "alternating", t.speak.compare.alternate), Option(app, "blind", t.speak.compare.blind)),
    comparison.blind
      ? Preference(app, comparison)
      : element("p", {className: "small"}, t.speak.compare.shown(state.slot.toUpperCase())),
  ];
}

/**
 * How a setting is called: by its letter, or by its place while that must not be known.
 *
 * @param {import("../../app.js").App} app
 * @param {Slot} slot
 */
function nameOf({store: {state: {comparison}}, t}, slot) {
  return comparison?.blind ? t.speak.compare.names[comparison.order.indexOf(slot)] : slot.toUpperCase();
}

/**
 * @param {import("../../app.js").App} app
 * @param {Slot} slot
 * @param {number} index
 */
function HearButton(app, slot, index) {
  const {store: {state}, t, speech} = app;
  return element("button", {
    id: `hear-${index}`, type: "button", className: "hear", "aria-pressed": String(state.slot === slot),
    onclick: () => speech.change(slot),
  }, t.speak.compare.hear(nameOf(app, slot)));
}

/**
 * @param {import("../../app.js").App} app
 * @param {"alternating" | "blind"} name
 * @param {string} label
 */
function Option({store, speech}, name, label) {
  const input = element("input", {
    type: "checkbox", id: `compare-${name}`, checked: store.state.comparison?.[name] ?? false,
    onchange: () => {
      if (name === "blind") speech.stop();
      store.update(({comparison}) => ({comparison: comparison && changed(comparison, name, input.checked)}));
    },
  });
  return element("label", {className: "option", for: input.id}, input, label);
}

/**
 * @param {import("../../state/app_state.js").Comparison} comparison
 * @param {"alternating" | "blind"} name
 * @param {boolean} value
 * @returns {import("../../state/app_state.js").Comparison}
 */
function changed(comparison, name, value) {
  if (name === "alternating") return {...comparison, alternating: value};
  return {...comparison, blind: value, order: value && Math.random() < 0.5 ? ["b", "a"] : ["a", "b"], preferred: null};
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../state/app_state.js").Comparison} comparison
 */
function Preference({store, t}, comparison) {
  const {order, preferred} = comparison;
  const {names, better, same, result} = t.speak.compare;
  if (preferred) {
    const [first, second] = order.map((slot) => slot.toUpperCase());
    return element("p", {role: "status"}, result(first, second, preferred === "same" ? same : preferred.toUpperCase()));
  }
  /** @type {[string, Slot | "same"][]} */
  const answers = [[better(names[0]), order[0]], [better(names[1]), order[1]], [same, "same"]];
  return element("div", {className: "buttons"}, answers.map(([label, answer]) => element("button", {
    type: "button", onclick: () => store.patch("comparison", {preferred: answer}),
  }, label)));
}

