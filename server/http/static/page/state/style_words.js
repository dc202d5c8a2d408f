// Settings in words, as people read them.

import {CONTROLS} from "./settings.js";

/** @typedef {import("../i18n/messages.js").Messages} Messages */
/** @typedef {import("../text/edited_text.js").Style} Style */
/** @typedef {Exclude<import("../text/edited_text.js").StyleName, "emotion">} StyleNumber */

/**
 * What differs from the start: `Speed 1.2×`.
 *
 * @param {Messages} t
 * @param {Readonly<Record<string, unknown>>} settings What is left out is as at the start.
 */
export function styleWords(t, settings) {
  return CONTROLS.map(({name, initial, unit}) => ({name, initial, unit, value: Number(settings[name] ?? initial)}))
    .filter(({initial, value}) => value !== initial)
    .map(({name, unit, value}) => `${t.speak.controls[name]} ${t.speak.units[unit](value)}`);
}

/** The setting that each number of a span changes. */
const SETTINGS = /** @type {const} */ (
  {rate: "speed", pitch: "pitch", range: "pitch_range", volume: "volume", pauses: "pauses"});

/** @type {readonly StyleNumber[]} */
const SPAN_NUMBERS = ["rate", "pitch", "range", "volume", "pauses"];

/**
 * The name of a number of a span, and its value in words.
 *
 * @param {Messages} t
 * @param {StyleNumber} name
 */
export function spanWords(t, name) {
  const setting = SETTINGS[name];
  const unit = CONTROLS.find((each) => each.name === setting)?.unit ?? "times";
  return {label: t.speak.controls[setting], value: t.speak.units[unit]};
}

/**
 * The style of a span in words: `Happy · Speed 1.2×`.
 *
 * @param {Messages} t
 * @param {Style} style
 */
export function spanStyleWords(t, style) {
  const {emotion} = style;
  const numbers = SPAN_NUMBERS.flatMap((name) => {
    const [value, words] = [style[name], spanWords(t, name)];
    return value === undefined ? [] : [`${words.label} ${words.value(value)}`];
  });
  return [...(emotion === undefined ? [] : [t.speak.emotions[emotion] ?? emotion]), ...numbers].join(" · ");
}
