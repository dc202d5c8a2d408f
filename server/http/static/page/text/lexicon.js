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
 * The readings that apply: those that came with the text go before those of this browser.
 *
 * @param {Pick<import("../state/app_state.js").AppState, "lexicon" | "borrowed">} state
 * @returns {Lexicon}
 */
export function usedLexicon({lexicon, borrowed}) {
  if (!Object.keys(borrowed).length) return lexicon;
  const others = Object.entries(lexicon).filter(([word]) => !(word in borrowed));
  return Object.fromEntries([...Object.entries(borrowed), ...others].slice(0, MAX_ENTRIES));
}

/**
 * The entries whose words are in a text.
 *
 * @param {Lexicon} lexicon
 * @param {string} text
 * @returns {Lexicon}
 */
export const entriesIn = (lexicon, text) =>
  Object.fromEntries(Object.entries(lexicon).filter(([word]) => text.includes(word)));

/**
 * What a text brings along that this browser reads otherwise. It is used until the page is closed, and not kept.
 *
 * @param {Lexicon} readings
 * @param {Lexicon} lexicon That of this browser.
 * @returns {Lexicon}
 */
export const borrowedFrom = (readings, lexicon) =>
  Object.fromEntries(Object.entries(readings).filter(([word, pinyin]) => lexicon[word] !== pinyin));

/**
 * Changes the reading of a word for this browser; null: to the server's own.
 *
 * @param {import("../state/app_state.js").AppStore} store
 * @param {string} word
 * @param {string | null} pinyin
 */
export function changeWord(store, word, pinyin) {
  const lexicon = withWord(store.state.lexicon, word, pinyin);
  if (Object.keys(lexicon).length > MAX_ENTRIES) return;
  store.update(({borrowed}) => ({lexicon, borrowed: withWord(borrowed, word, null)}));
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
