import {element} from "../../../elements.js";
import {ReferencePanel} from "../reference/reference_panel.js";
import {ComparisonPanel} from "./comparison_panel.js";
import {ControlPanel} from "./control_panel.js";
import {TextPanel} from "./text_panel.js";
import {TextTools} from "./text_tools.js";
import {Transport} from "./transport.js";
import {VoicePanel} from "./voice_panel.js";

/**
 * Text and playback on the one side, voice and settings on the other.
 *
 * @param {import("../../app.js").App} app
 */
export function SpeakView(app) {
  const {t, store, signal} = app;
  followKeys(app);
  const settings = element("div", {className: "settings-body"},
    VoicePanel(app), ReferencePanel(app), ControlPanel(app));
  const secret = element("p", {className: "muted small"}, t.speak.compare.hidden);
  store.watch(({comparison}) => Boolean(comparison?.blind && !comparison.preferred), (blind) => {
    settings.hidden = blind;
    secret.hidden = !blind;
  }, signal);
  return element("div", {className: "speak"},
    element("div", {className: "intro"}, element("h1", {}, t.speak.title), element("p", {}, t.speak.subtitle)),
    element("section", {className: "card text-card", "aria-label": t.speak.textLabel},
      TextPanel(app), TextTools(app), Transport(app)),
    element("section", {className: "card settings", "aria-label": t.speak.settings},
      ComparisonPanel(app), settings, secret));
}

/**
 * Ctrl + Enter speaks the text from its beginning, Escape stops.
 *
 * @param {import("../../app.js").App} app
 */
function followKeys({store, signal, speech}) {
  addEventListener("keydown", (event) => {
    if (store.state.view !== "speak") return;
    if (event.key === "Escape") speech.stop();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && store.state.voices.length) {
      event.preventDefault();
      speech.play();
    }
  }, {signal});
}
