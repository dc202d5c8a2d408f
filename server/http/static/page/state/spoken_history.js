// What was spoken, with its settings, kept by the browser: the newest first.

import {keepStored, onStoredElsewhere, readStored} from "./browser_storage.js";

/** @typedef {{at: number, text: string, settings: import("./settings.js").Settings}} Spoken */

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
const keyOf = ({text, settings}) => JSON.stringify([text, Object.entries(settings).sort()]);

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
    const text = speech.utterance?.text;
    if (status !== "playing" || !text) return;
    store.update(({history, settings, slot}) => ({
      history: withSpoken(history, {at: Date.now(), text, settings: settings[slot]}),
    }));
  });
  onStoredElsewhere(NAME, () => store.update({history: readHistory(storage)}));
  store.watch(({history}) => history, (history) => keepStored(store, storage, NAME, history));
}
