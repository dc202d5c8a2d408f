// The analysis of a block -> cells: what is read together, at its place in the text.

import {codePointOffsets} from "../speech/timeline.js";
import {placeInText} from "./source/parsed_source.js";

/** @typedef {import("../api/text_analysis.js").Syllable} Syllable */
/** @typedef {import("./source/parsed_source.js").ParsedSource} ParsedSource */

/**
 * Characters that are read together; `start` and `stop` are UTF-16 units of the block's text.
 *
 * @typedef {object} Cell
 * @property {number} start
 * @property {number} stop
 * @property {string} text
 * @property {Syllable[]} syllables
 * @property {{start: number, stop: number, text: string, syllables: Syllable[]}} word
 * @property {number} breakAfter
 * @property {string} pinyin With tone digits; empty for English.
 * @property {string} spoken What is read, where that is not the text: the words of a number.
 */

/** @typedef {{code: string, message: string, start: number, stop: number}} PlacedWarning */

/**
 * @param {import("../api/text_analysis.js").TextAnalysis} analysis
 * @param {string} source Of the block.
 * @param {ParsedSource} parsed
 * @returns {{cells: Cell[], warnings: PlacedWarning[]}}
 */
export function cellsOf(analysis, source, parsed) {
  const offsets = codePointOffsets(source);
  const place = (/** @type {{start: number, stop: number}} */ written) =>
    placeInText(parsed, offsets[written.start], offsets[written.stop]);
  const words = analysis.sentences.flatMap((sentence) => sentence.words);
  const cells = words.flatMap(({text, syllables, ...written}) => {
    const word = {text, syllables, ...place(written)};
    return readTogether(syllables).map((group) => cellOf(parsed.edited.text, place(group[0]), group, word));
  });
  return {
    cells: cells.filter(({start, stop}) => start < stop),
    warnings: analysis.warnings.map((warning) => ({...warning, ...place(warning)})),
  };
}

/**
 * @param {string} text
 * @param {{start: number, stop: number}} place
 * @param {Syllable[]} syllables
 * @param {Cell["word"]} word
 * @returns {Cell}
 */
function cellOf(text, {start, stop}, syllables, word) {
  const written = text.slice(start, stop);
  const spoken = syllables.map((syllable) => syllable.spoken).join("");
  const pinyin = syllables.map((syllable) => syllable.pinyin ?? "").filter(Boolean).join(" ");
  return {
    start, stop, text: written, syllables, word, pinyin,
    breakAfter: Math.max(...syllables.map((syllable) => syllable.break_after)),
    spoken: pinyin && !/^\p{Script=Han}+$/u.test(written) ? spoken : "",
  };
}

/**
 * The syllables in groups that are read from the same characters.
 *
 * @param {readonly Syllable[]} syllables
 * @returns {Syllable[][]}
 */
function readTogether(syllables) {
  /** @type {Syllable[][]} */
  const groups = [];
  for (const syllable of syllables) {
    const last = groups.at(-1);
    if (last && last[0].start === syllable.start) last.push(syllable);
    else groups.push([syllable]);
  }
  return groups;
}

/**
 * The pinyin of a word with another reading of one of its cells, as a lexicon has it; null where it cannot have it.
 *
 * @param {Cell} cell
 * @param {string} reading
 */
export function wordPinyin({word, syllables}, reading) {
  if (!/^\p{Script=Han}{1,50}$/u.test(word.text)) return null;
  const chosen = word.syllables.map((syllable) => (syllables.includes(syllable) ? reading : syllable.pinyin));
  return chosen.every(Boolean) ? chosen.join(" ") : null;
}
