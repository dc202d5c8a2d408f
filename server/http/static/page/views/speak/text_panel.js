import {element} from "../../../elements.js";
import {icon} from "../../components/icon.js";
import {redone, undone} from "../../text/history.js";
import {TextEditor} from "./text_editor.js";

/**
 * The text: as it is written, or as the server reads it.
 *
 * @param {import("../../app.js").App} app
 */
export function TextPanel(app) {
  const {store, t, signal} = app;
  const modes = /** @type {const} */ (["writing", "reading"]).map((mode) => element("button", {
    id: `mode-${mode}`, type: "button", className: "mode", onclick: () => store.update({textMode: mode}),
  }, t.text.modes[mode]));
  const writing = TextEditor(app);
  const reading = element("div", {});
  store.watch((state) => state.textMode, (mode) => {
    modes.forEach((button) => button.setAttribute("aria-pressed", String(button.id === `mode-${mode}`)));
    writing.hidden = mode !== "writing";
    reading.hidden = mode !== "reading";
    if (mode === "reading" && !reading.childNodes.length) fill(app, reading);
  }, signal);
  return element("div", {className: "text-panel"},
    element("div", {className: "text-head"},
      element("div", {className: "modes", role: "group", "aria-label": t.text.modesLabel}, modes),
      Step(app, "undo", (state) => state.steps.past.length > 0, undone),
      Step(app, "redo", (state) => state.steps.future.length > 0, redone)),
    writing, reading);
}

/**
 * @param {import("../../app.js").App} app
 * @param {HTMLElement} place
 */
async function fill(app, place) {
  const {t} = app;
  place.replaceChildren(element("p", {className: "muted"}, t.common.loading));
  try {
    place.replaceChildren((await import("../reading/reading_panel.js")).ReadingPanel(app));
  } catch (error) {
    console.warn(error);
    const retry = element("button", {type: "button", onclick: () => fill(app, place)}, t.common.retry);
    place.replaceChildren(element("p", {role: "alert"}, t.common.unloadable), retry);
  }
}

/**
 * @param {import("../../app.js").App} app
 * @param {"undo" | "redo"} name
 * @param {(state: import("../../state/app_state.js").AppState) => boolean} can
 * @param {typeof undone} change
 */
function Step({store, t, signal}, name, can, change) {
  const button = element("button", {
    id: name, type: "button", className: "icon-button quiet", title: t.text[name], "aria-label": t.text[name],
    onclick: () => store.update(change),
  }, icon(name));
  store.watch(can, (possible) => { button.disabled = !possible; }, signal);
  return button;
}
