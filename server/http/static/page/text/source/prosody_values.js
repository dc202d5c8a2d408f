// The values of <prosody>, as docs/ssml.md has them.

/** @typedef {import("../edited_text.js").Style} Style */
/** @typedef {"rate" | "range" | "volume" | "pauses"} Factor */

/** @type {Record<string, Record<string, number>>} */
const NAMED = {
  rate: {"x-slow": 0.5, slow: 0.75, medium: 1, default: 1, fast: 1.25, "x-fast": 1.75},
  pitch: {"x-low": -4, low: -2, medium: 0, default: 0, high: 2, "x-high": 4},
  range: {"x-low": 0.4, low: 0.7, medium: 1, default: 1, high: 1.4, "x-high": 1.8},
  volume: {silent: 0, "x-soft": 0.25, soft: 0.5, medium: 1, default: 1, loud: 1.4, "x-loud": 2},
  pauses: {},
};

/**
 * The style inside of a <prosody>, or null for a value that this page does not know.
 *
 * @param {Style} outer
 * @param {Record<string, string>} attributes
 * @returns {Style | null}
 */
export function prosodyStyle(outer, attributes) {
  const style = {...outer};
  for (const [name, text] of Object.entries(attributes)) {
    if (!(name in NAMED)) return null;
    const value = valueOf(name, text.trim());
    if (value === null) return null;
    if (name === "pitch") style.pitch = round((outer.pitch ?? 0) + value);
    else style[/** @type {Factor} */ (name)] = round((outer[/** @type {Factor} */ (name)] ?? 1) * value);
  }
  return style;
}

/**
 * The attributes of a <prosody>; none if the style needs no element.
 *
 * @param {Style} style
 * @returns {Record<string, string>}
 */
export function prosodyAttributes({rate, pitch, range, volume, pauses}) {
  return {
    ...(rate === undefined ? {} : {rate: String(rate)}),
    ...(pitch === undefined ? {} : {pitch: `${pitch < 0 ? "" : "+"}${pitch}st`}),
    ...(range === undefined ? {} : {range: `${round(range * 100)}%`}),
    ...(volume === undefined ? {} : {volume: `${round(volume * 100)}%`}),
    ...(pauses === undefined ? {} : {pauses: `${round(pauses * 100)}%`}),
  };
}

/**
 * @param {string} name
 * @param {string} text
 */
function valueOf(name, text) {
  if (text in NAMED[name]) return NAMED[name][text];
  if (name === "pitch") {
    const semitones = /^([+-]?[0-9]{1,2}(?:\.[0-9]{1,6})?)\s?st$/.exec(text);
    return semitones ? Number(semitones[1]) : null;
  }
  const number = /^([+-]?)([0-9]{1,4}(?:\.[0-9]{1,6})?)(%?)$/.exec(text);
  if (!number) return null;
  const [, sign, digits, percent] = number;
  if (!percent) return sign ? null : Number(digits) / (name === "volume" ? 100 : 1);
  const factor = Number(digits) / 100;
  return sign ? 1 + Number(`${sign}${factor}`) : factor;
}

/** @param {number} value */
const round = (value) => Number(value.toFixed(2));
