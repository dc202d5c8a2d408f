import {element} from "../../../elements.js";
import {LexiconPanel} from "./lexicon_panel.js";
import {ReadingView} from "./reading_view.js";
import {SpanTools} from "./span_tools.js";

/**
 * The text as the server reads it, with what changes it. Loaded when it is shown first.
 *
 * @param {import("../../app.js").App} app
 */
export const ReadingPanel = (app) =>
  element("div", {className: "reading-panel"}, SpanTools(app), ReadingView(app), LexiconPanel(app));
