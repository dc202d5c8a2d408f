// A source, plain or SSML -> the edited text that it writes.

import {parseInlineMarks} from "./inline_marks.js";
import {isSsml, parseSsml} from "./ssml_reader.js";

/**
 * @typedef {object} ParsedSource
 * @property {import("../edited_text.js").EditedText} edited
 * @property {boolean} editable Whether it writes nothing else: where it is false, only the source can be changed.
 * @property {number[]} starts Where each UTF-16 unit of the text begins in the source; in order.
 * @property {number[]} stops
 */

/**
 * Never fails. A source that is not well-formed is text that cannot be edited; the server says what is wrong.
 *
 * @param {string} source
 * @returns {ParsedSource}
 */
export const parsedSource = (source) => (isSsml(source) ? parseSsml(source) : parseInlineMarks(source));

/** The text of the page, parsed. @type {{source: string, parsed: ParsedSource} | null} */
let last = null;

/**
 * The same for the text of the page, which is asked for with every change of the state: parsed once.
 *
 * @param {string} source
 * @returns {ParsedSource}
 */
export function parsedText(source) {
  if (last?.source !== source) last = {source, parsed: parsedSource(source)};
  return last.parsed;
}

/**
 * The place of a part of the source in the text.
 *
 * @param {ParsedSource} parsed
 * @param {number} start
 * @param {number} stop
 * @returns {{start: number, stop: number}}
 */
export function placeInText({starts, stops}, start, stop) {
  const first = firstIndex(stops, (each) => each > start);
  return {start: first, stop: Math.max(first, firstIndex(starts, (each) => each >= stop))};
}

/**
 * The first index whose value passes, by bisection; the length if none does.
 *
 * @param {readonly number[]} values In order.
 * @param {(value: number) => boolean} passes
 */
function firstIndex(values, passes) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(values[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
