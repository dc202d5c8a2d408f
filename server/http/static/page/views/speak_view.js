import {element} from "../../elements.js";
import {TextEditor} from "../components/text_editor.js";

/**
 * Text and playback on the one side, voice and settings on the other.
 *
 * @param {import("../app.js").App} app
 */
export function SpeakView(app) {
  const {t} = app;
  return element("div", {className: "speak"},
    element("div", {className: "intro"}, element("h1", {}, t.speak.title), element("p", {}, t.speak.subtitle)),
    element("section", {className: "card text-card", "aria-label": t.speak.textLabel}, TextEditor(app)));
}
