import {element} from "../../../elements.js";

const FIGURES = /** @type {const} */ (
  ["seconds", "f0_median", "f0_range", "syllable_rate", "pauses", "level", "signal_to_noise"]);

/**
 * What is measured of a recording, with its units, and what makes it a bad reference.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../api/references.js").KeptReference} kept
 */
export function ReferenceAnalysis({t, store}, {analysis, warnings, consent, expires_at: expires}) {
  const date = expires && new Date(expires * 1000).toLocaleDateString(store.state.language, {dateStyle: "medium"});
  return element("div", {className: "analysis"},
    warnings.map(({code, message}) => element("p", {className: "small warning"},
      (analysis && t.reference.warnings[code]?.(analysis)) ?? message)),
    element("details", {}, element("summary", {className: "small"}, t.reference.analysis),
      analysis ? Figures(t, analysis) : "",
      element("p", {className: "small muted"}, t.reference.consentGiven(consent)),
      date ? element("p", {className: "small muted"}, t.reference.expires(date)) : ""));
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {import("../../api/references.js").Analysis} analysis
 */
function Figures(t, analysis) {
  const {values} = t.reference;
  const valueOf = (/** @type {typeof FIGURES[number]} */ name) => {
    if (name === "pauses") return values.pauses(analysis.pause_share, analysis.pause_seconds);
    const value = analysis[name];
    return value === null ? t.reference.unmeasured : values[name](value);
  };
  return element("dl", {className: "small"}, FIGURES.flatMap((name) => [
    element("dt", {className: "muted"}, t.reference.figures[name]), element("dd", {}, valueOf(name)),
  ]));
}
