// The readings of words that this browser always uses, and their form in config.yaml.

import {keepStored, onStoredElsewhere, readStored} from "../state/browser_storage.js";

/** @typedef {Readonly<Record<string, string>>} Lexicon Word -> pinyin, a syllable a character. */

const NAME = "sambert-lexicon";
/** As many entries as a request may have. */
export const MAX_ENTRIES = 1000;

/**
 * @param {import("../state/browser_storage.js").ValueStorage} storage
 * @returns {Lexicon}
 */
export function readLexicon(storage) {
  const entries = Object.entries(readStored(storage, NAME) ?? {});
  return Object.fromEntries(entries.filter(([, pinyin]) => typeof pinyin === "string").slice(0, MAX_ENTRIES));
}

/**
 * Keeps the lexicon for the next visit and for other tabs.
 *
 * @param {import("../state/app_state.js").AppStore} store
 * @param {import("../state/browser_storage.js").ValueStorage} storage
 */
export function keepLexicon(store, storage) {
  onStoredElsewhere(NAME, () => store.update({lexicon: readLexicon(storage)}));
  store.watch((state) => state.lexicon, (lexicon) => keepStored(store, storage, NAME, lexicon));
}

/**
 * The lexicon with a word, or without it where the pinyin is null.
 *
 * @param {Lexicon} lexicon
 * @param {string} word
 * @param {string | null} pinyin
 * @returns {Lexicon}
 */
export function withWord(lexicon, word, pinyin) {
  const {[word]: _, ...others} = lexicon;
  return pinyin === null ? others : {...others, [word]: pinyin};
}

/**
 * The part of config.yaml that gives every user these readings.
 *
 * @param {Lexicon} lexicon
 */
export function lexiconYaml(lexicon) {
  const lines = Object.entries(lexicon).map(([word, pinyin]) => `    ${word}: ${pinyin}\n`);
  return `text:\n  lexicon:\n${lines.join("")}`;
}
