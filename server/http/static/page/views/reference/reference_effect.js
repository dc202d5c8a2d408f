import {element} from "../../../elements.js";
import {appliedWords, effectWords} from "../../references/effect_words.js";

/**
 * What the voice takes over of the recording, before and after it has spoken.
 *
 * @param {import("../../app.js").App} app
 */
export function ReferenceEffect(app) {
  const {store, t, signal} = app;
  const expected = element("div", {id: "reference-effect", className: "effect", role: "status"});
  const applied = element("div", {id: "reference-applied", className: "effect", role: "status"});
  store.watch(({references: {effect, comparing}}) => (comparing ? "comparing" : effect), (effect) => {
    expected.hidden = effect === null;
    expected.replaceChildren(...(effect === "comparing"
      ? [element("p", {className: "small muted"}, t.reference.comparing)] : expectedLines(app)));
  }, signal);
  store.watch(({playback}) => playback.reference, (used) => {
    applied.hidden = used === null;
    if (!used) return applied.replaceChildren();
    applied.replaceChildren(
      Line(t.reference.applied, appliedWords(t, used.applied), t), ...ignoredLines(t, used.ignored));
  }, signal);
  return element("div", {className: "effects"}, expected, applied);
}

/** @param {import("../../app.js").App} app */
function expectedLines({store, t}) {
  const {effect} = store.state.references;
  if (!effect) return [];
  const words = effectWords(t, effect.settings);
  if (effect.confidence !== null) words.push(t.reference.confidence(effect.confidence));
  return [Line(t.reference.effect, words, t)];
}

/**
 * @param {string} label
 * @param {string[]} words
 * @param {import("../../i18n/messages.js").Messages} t
 */
function Line(label, words, t) {
  return element("p", {className: "small"}, element("span", {className: "muted"}, `${label} `),
    words.length ? words.map((each) => element("span", {className: "badge"}, each)) : t.reference.nothing);
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {string} ignored
 */
const ignoredLines = (t, ignored) =>
  (ignored ? [element("p", {className: "small warning"}, t.reference.ignored(ignored))] : []);
