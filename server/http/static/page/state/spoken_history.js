// What was spoken, with its settings, kept by the browser: the newest first.

import {entriesIn, usedLexicon} from "../text/lexicon.js";
import {keepStored, onStoredElsewhere, readStored} from "./browser_storage.js";

/**
 * @typedef {object} Spoken
 * @property {number} at Milliseconds since 1970.
 * @property {string} text
 * @property {import("./settings.js").Settings} settings
 * @property {import("../text/lexicon.js").Lexicon} [readings] Of the words in it that the lexicon had.
 * @property {string} [applied] What was taken over of a recording, as the server says it.
 */

const NAME = "sambert-history";
const MAX_ENTRIES = 50;
const MAX_CHARACTERS = 200_000;

/**
 * The history with another entry. An equal one is not kept twice; the oldest ones make room.
 *
 * @param {readonly Spoken[]} history
 * @param {Spoken} spoken
 * @returns {Spoken[]}
 */
export function withSpoken(history, spoken) {
  const key = keyOf(spoken);
  let characters = 0;
  return [spoken, ...history.filter((entry) => keyOf(entry) !== key)].slice(0, MAX_ENTRIES).filter(({text}) => {
    characters += text.length;
    return characters <= MAX_CHARACTERS;
  });
}

/** @param {Spoken} spoken */
const keyOf = ({text, settings, readings = {}}) => JSON.stringify(
  [text, Object.entries(settings).sort(), Object.entries(readings).sort()]);

/**
 * @param {import("./browser_storage.js").ValueStorage} storage
 * @returns {Spoken[]}
 */
export function readHistory(storage) {
  const kept = readStored(storage, NAME);
  return Array.isArray(kept) ? kept.filter((entry) => entry?.text && entry.settings) : [];
}

/**
 * Adds what begins to play, and keeps the history for the next visit and for other tabs.
 *
 * @param {import("./app_state.js").AppStore} store
 * @param {import("../speech/speech_session.js").SpeechSession} speech
 * @param {import("./browser_storage.js").ValueStorage} storage
 */
export function keepHistory(store, speech, storage) {
  store.watch(({playback}) => playback.status, (status) => {
    if (status !== "playing" || !speech.utterance) return;
    const {text, reference} = speech.utterance;
    const {settings, slot} = store.state;
    const spoken = {
      at: Date.now(), text, settings: settings[slot], readings: entriesIn(usedLexicon(store.state), text),
      ...(reference && {applied: reference.applied}),
    };
    store.update(({history}) => ({history: withSpoken(history, spoken)}));
  });
  onStoredElsewhere(NAME, () => store.update({history: readHistory(storage)}));
  store.watch(({history}) => history, (history) => keepStored(store, storage, NAME, history));
}
