// The marks of plain text, as docs/ssml.md has them: 重[chong2]庆 and [pause:300ms].

import {TextBuilder} from "./text_builder.js";

const MARK = /\[([^[\]\r\n]{1,400})\]/g;
const PAUSE = /^\s{0,8}pause\s{0,8}[:：]\s*\+?([0-9.]+)\s?(ms|s)\s*$/i;
const SYLLABLES = /^\s*(?:[a-zü:]{1,8}[0-9](?:\s+|$))+$/i;
const CHINESE = /\p{Script=Han}/u;

/** @param {string} text */
export const hasMarks = (text) => Array.from(text.matchAll(MARK)).some(({1: content, index}) => (
  PAUSE.test(content) || (SYLLABLES.test(content) && chineseBefore(text.slice(0, index)).length > 0)));

/**
 * @param {string} source
 * @returns {import("./parsed_source.js").ParsedSource}
 */
export function parseInlineMarks(source) {
  const builder = new TextBuilder();
  let done = 0;
  for (const match of source.matchAll(MARK)) {
    const [whole, content] = match;
    const pause = PAUSE.exec(content);
    if (!pause && !SYLLABLES.test(content)) continue;
    builder.append(source.slice(done, match.index), done);
    done = match.index;
    if (pause) builder.addBreak(`${pause[1]}${pause[2].toLowerCase()}`);
    else if (!addReadings(builder, content.trim().split(/\s+/))) continue;
    done += whole.length;
  }
  builder.append(source.slice(done), done);
  return builder.build(true);
}

/**
 * Gives the last characters their readings; returns whether there are characters.
 *
 * @param {TextBuilder} builder
 * @param {string[]} syllables
 */
function addReadings(builder, syllables) {
  const chars = chineseBefore(builder.text, builder.unmarked);
  let stop = builder.text.length;
  const readings = [];
  for (const syllable of [...syllables].reverse()) {
    const erhua = /[^e]r[0-9]$|[^\s]er[0-9]$/i.test(syllable) && chars.length > 1 && chars.at(-1) === "儿";
    const taken = chars.splice(erhua ? -2 : -1);
    if (!taken.length) return false;
    const start = stop - taken.join("").length;
    readings.push({start, stop, value: syllable});
    stop = start;
  }
  for (const {start, stop: end, value} of readings) builder.addReading(start, end, "pinyin", value);
  return true;
}

/**
 * The Chinese characters at the end of a text.
 *
 * @param {string} text
 * @param {number} [from] Those before it have a reading.
 */
function chineseBefore(text, from = 0) {
  const chars = [...text.slice(Math.max(from, text.length - 600))];
  let first = chars.length;
  while (first > 0 && CHINESE.test(chars[first - 1])) first--;
  return chars.slice(first);
}
