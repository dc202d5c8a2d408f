// A text in blocks: paragraphs, and parts of long ones. Each is analyzed, shown and spoken alone.

/** UTF-16 units from which a paragraph is divided at the ends of its sentences. */
const LONG_BLOCK = 300;
/** UTF-16 units from which a part of a text is spoken by a request of its own. */
const PART_LENGTH = 300;
const SENTENCE_ENDS = /[。！？!?]+[”’」』》）)】"']*/g;

/** @typedef {{start: number, stop: number}} Block */

/**
 * The blocks of a text, in order, without gaps. A block ends after a line break, or after a sentence.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  for (const {index, 0: paragraph} of text.matchAll(/[^\n]+\n*|\n+/g)) {
    let start = index;
    if (paragraph.length > LONG_BLOCK) {
      for (const end of sentenceEnds(paragraph)) {
        if (index + end - start < LONG_BLOCK / 2) continue;
        blocks.push({start, stop: index + end});
        start = index + end;
      }
    }
    blocks.push({start, stop: index + paragraph.length});
  }
  return blocks.filter(({start, stop}) => start < stop);
}

/** @param {string} paragraph */
const sentenceEnds = (paragraph) => Array.from(paragraph.matchAll(SENTENCE_ENDS))
  .map(({index, 0: end}) => index + end.length).filter((end) => paragraph.slice(end).trim() !== "");

/**
 * Blocks that are spoken by one request each: a short text is one.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function spokenParts(text) {
  /** @type {Block[]} */
  const parts = [];
  for (const {start, stop} of blocksOf(text)) {
    const last = parts.at(-1);
    if (last && (last.stop - last.start < PART_LENGTH || !text.slice(start, stop).trim())) last.stop = stop;
    else parts.push({start, stop});
  }
  return parts;
}
