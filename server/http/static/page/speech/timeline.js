// When each character of a text sounds.

/** @typedef {import("../api/speech.js").TimedSentence} TimedSentence */

/**
 * A part of the text and its time. `start` and `stop` are positions in the text, in UTF-16 units.
 *
 * @typedef {object} Span
 * @property {number} start
 * @property {number} stop
 * @property {number} begin Seconds.
 * @property {number} end
 */

/** The times of a text as they arrive, sentence by sentence. */
export class Timeline {
  /** By their begin. @type {Span[]} */
  characters = [];
  /** @type {Span[]} */
  sentences = [];

  /**
   * @param {TimedSentence} sentence Its positions are code points of `text`.
   * @param {readonly number[]} offsets Of `text`, as `codePointOffsets` has them.
   * @param {number} start Where that text begins in the whole text.
   * @param {number} begin When its audio begins, in seconds.
   */
  add(sentence, offsets, start, begin) {
    const span = (/** @type {import("../api/speech.js").Timed} */ timed) => ({
      start: start + offsets[timed.start], stop: start + offsets[timed.stop],
      begin: begin + timed.begin, end: begin + timed.end,
    });
    this.sentences.push(span(sentence));
    this.characters.push(...sentence.characters.map(span));
  }

  /**
   * The character that sounds at a time, or null in a pause. Characters of one reading have one time: all of them.
   *
   * @param {number} time
   * @returns {{start: number, stop: number} | null}
   */
  characterAt(time) {
    const last = lastBegun(this.characters, time);
    if (last < 0 || time >= this.characters[last].end) return null;
    const {begin, stop} = this.characters[last];
    let first = last;
    while (first > 0 && this.characters[first - 1].begin === begin) first--;
    return {start: this.characters[first].start, stop};
  }

  /**
   * The index of the sentence of a time, in its pause too; -1 before the first one.
   *
   * @param {number} time
   */
  sentenceAt(time) {
    return lastBegun(this.sentences, time);
  }
}

/**
 * The index of the last span that has begun, by bisection; -1 for none.
 *
 * @param {readonly Span[]} spans
 * @param {number} time
 */
function lastBegun(spans, time) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].begin <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The position in UTF-16 units of each code point, and of the end.
 *
 * @param {string} text
 */
export function codePointOffsets(text) {
  const offsets = [0];
  for (const character of text) offsets.push(offsets[offsets.length - 1] + character.length);
  return offsets;
}
