import {element} from "../../../elements.js";
import {icon} from "../../components/icon.js";
import {CONTROLS, changeSettings, initialValues, positionOf, valueAt} from "../../state/settings.js";

/** @typedef {import("../../state/settings.js").Control} Control */

/** Those that are seen at once. @type {readonly string[]} */
const FIRST = ["speed", "pitch", "volume"];

/**
 * A slider for each value that the server takes, and a button that resets it.
 *
 * @param {import("../../app.js").App} app
 */
export function ControlPanel(app) {
  const {store, t, signal} = app;
  const sliders = (/** @type {boolean} */ first) =>
    CONTROLS.filter(({name}) => FIRST.includes(name) === first).map((control) => Slider(app, control));
  const all = element("button", {type: "button", className: "quiet small reset-all"}, t.speak.resetAll);
  all.onclick = () => changeSettings(store, initialValues());
  store.watch(({settings, slot}) => isInitial(settings[slot]), (initial) => { all.disabled = initial; }, signal);
  const more = element("details", {id: "more", className: "more"},
    element("summary", {}, t.speak.more), element("div", {className: "controls"}, sliders(false), all));
  return element("div", {className: "controls"}, sliders(true), more);
}

/** @param {import("../../state/settings.js").Settings} settings */
const isInitial = (settings) => CONTROLS.every(({name, initial}) => settings[name] === initial);

/**
 * @param {import("../../app.js").App} app
 * @param {Control} control
 */
function Slider({store, t, signal}, control) {
  const {name, min, max, step, initial} = control;
  const label = t.speak.controls[name];
  const output = element("output", {className: "number muted", for: `control-${name}`});
  const input = element("input", {
    type: "range", id: `control-${name}`, min: String(min), max: String(max), step: String(step),
    oninput: () => changeSettings(store, {[name]: valueAt(control, Number(input.value))}),
  });
  const reset = element("button", {
    type: "button", className: "quiet icon-button reset",
    title: t.speak.reset(label), "aria-label": t.speak.reset(label),
    onclick: () => {
      changeSettings(store, {[name]: initial});
      input.focus();
    },
  }, icon("reset"));
  store.watch(({settings, slot}) => settings[slot][name], (value) => {
    const words = t.speak.units[control.unit](value);
    if (valueAt(control, Number(input.value)) !== value) input.value = String(positionOf(control, value));
    output.value = words;
    input.setAttribute("aria-valuetext", words);
    reset.disabled = value === initial;
  }, signal);
  const slider = element("div", {className: "control"},
    element("label", {for: `control-${name}`}, label), input, output, reset);
  store.watch(({fields}) => fields.has(name), (known) => { slider.hidden = !known; }, signal);
  return slider;
}
