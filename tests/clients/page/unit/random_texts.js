// Random texts with changes, the same ones in every run.

import {normalized, plainText, withBreak, withReading, withStyle} from
  "../../../../server/http/static/page/text/edited_text.js";

const PIECES = [
  "重", "庆", "一点儿", "老虎", "，", "。", "！", "\n", "\n\n", " ", "  ", "<", "&", ">", '"', "'", "]", "[foo2]",
  "[pause:1s]", "<speak>", "<s>", "</s>", "&lt;", "25℃", "hello", "A", "😀", "𠀀", "\t",
];
const BREAKS = ["300ms", "1.5s", "none", "weak"];
const READINGS = /** @type {const} */ ([
  {kind: "pinyin", value: "chong2"}, {kind: "pinyin", value: "dian3 er2"}, {kind: "alias", value: 'a<&"b'},
]);
const STYLES = [
  {emotion: "happy"}, {emotion: undefined}, {rate: 1.25}, {rate: 1}, {pitch: -1.5}, {pitch: 2, volume: 0.8},
  {volume: 1.4}, {range: 1.5}, {range: 0, pauses: 0.5}, {pauses: 1, range: 1},
];

/**
 * Numbers from 0 to 1, by a linear congruential generator.
 *
 * @param {number} seed
 */
export function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/**
 * @param {() => number} next
 * @param {number} pieces At most.
 */
export function randomText(next, pieces = 12) {
  return Array.from({length: Math.floor(next() * pieces)}, () => PIECES[Math.floor(next() * PIECES.length)]).join("");
}

/** @param {() => number} next */
export function randomEdited(next) {
  let edited = plainText(randomText(next));
  const {length} = edited.text;
  const place = () => boundary(edited.text, Math.floor(next() * (length + 1)));
  for (let count = Math.floor(next() * 6); count > 0; count--) {
    const [start, stop] = [place(), place()].sort((one, other) => one - other);
    const kind = next();
    if (kind < 0.3) edited = withBreak(edited, start, pick(next, BREAKS));
    else if (kind < 0.6) edited = withStyle(edited, start, stop, pick(next, STYLES));
    else if (stop > start && stop - start < 4 && /^[^\n]*\S[^\n]*$/.test(edited.text.slice(start, stop))) {
      edited = withBreaksOutside(withReading(edited, start, stop, pick(next, READINGS)), start, stop);
    }
  }
  return normalized(edited);
}

/**
 * @param {import("../../../../server/http/static/page/text/edited_text.js").EditedText} edited
 * @param {number} start
 * @param {number} stop
 */
const withBreaksOutside = (edited, start, stop) =>
  ({...edited, breaks: edited.breaks.filter(({at}) => at <= start || at >= stop)});

/**
 * @template Value
 * @param {() => number} next
 * @param {readonly Value[]} values
 */
const pick = (next, values) => values[Math.floor(next() * values.length)];

/**
 * The position, not in the middle of a character.
 *
 * @param {string} text
 * @param {number} position
 */
const boundary = (text, position) => (/^[\udc00-\udfff]/.test(text.slice(position)) ? position - 1 : position);
