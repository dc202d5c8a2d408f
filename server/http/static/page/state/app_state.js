// The shape of the page's state, its start, and what of it the browser keeps.

import {PageMemory} from "../../web_storage.js";
import {preferredLanguage} from "../i18n/messages.js";
import {EMPTY_DRAFT} from "../work/job_draft.js";
import {NO_JOBS} from "../work/jobs_state.js";
import {NO_REFERENCES} from "../references/references_state.js";
import {UNKNOWN} from "../administration/operations_state.js";
import {keepStored, readStored} from "./browser_storage.js";
import {readHistory} from "./spoken_history.js";
import {readLexicon} from "../text/lexicon.js";
import {NO_STEPS} from "../text/history.js";
import {initialSettings} from "./settings.js";

/**
 * @typedef {import("../i18n/messages.js").Language} Language
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {"speak" | "work" | "server"} ViewName
 * @typedef {"system" | "light" | "dark"} Theme
 * @typedef {"a" | "b"} Slot
 */

/**
 * A voice as /v1/audio/voices lists it.
 *
 * @typedef {object} Voice
 * @property {string} id
 * @property {string} name
 * @property {number} sample_rate
 * @property {string[]} speakers
 * @property {string[]} emotions
 * @property {string | null} license
 * @property {boolean} default
 * @property {boolean} loaded
 * @property {import("./settings.js").ReferenceUse[]} [reference_use] What it takes over of a recording.
 */

/**
 * @typedef {object} Connection
 * @property {"connecting" | "starting" | "key" | "ready" | "lost" | "refused"} status
 * @property {string} message The server's words, with `key` and `refused`; else empty.
 * @property {string | null} code Of the server's answer.
 */

/**
 * What the player does. `spoken` is the part of the text that sounds now: positions in it, in UTF-16 units.
 *
 * @typedef {object} Playback
 * @property {"idle" | "waiting" | "playing" | "paused" | "ended"} status
 * @property {number} received Seconds of audio that have arrived.
 * @property {boolean} complete Whether all audio has arrived.
 * @property {number | null} firstAudio Seconds from the request to the first audio.
 * @property {number | null} factor Seconds of computing for a second of audio, as the page sees them.
 * @property {{start: number, stop: number} | null} spoken
 * @property {string} text The text that is spoken; `spoken` refers to it.
 * @property {Error | null} error
 * @property {import("../api/speech.js").AppliedReference | null} reference What was taken over of a recording.
 */

/**
 * The comparison of the settings a and b. While it is blind, nobody is told which one sounds.
 *
 * @typedef {object} Comparison
 * @property {boolean} blind
 * @property {boolean} alternating Whether every sentence has the other settings.
 * @property {readonly [Slot, Slot]} order As they are offered.
 * @property {Slot | "same" | null} preferred
 */

/**
 * @typedef {object} AppState
 * @property {Language} language
 * @property {Theme} theme
 * @property {ViewName} view
 * @property {Connection} connection
 * @property {Voice[]} voices Those that can speak.
 * @property {{id: string, name: string, reason: string}[]} broken
 * @property {ReadonlySet<string>} fields What a request for speech may have, as /openapi.json says.
 * @property {ReadonlySet<string>} jobFields What a request for a job may have.
 * @property {readonly string[]} formats Of audio, for jobs.
 * @property {import("../work/job_draft.js").JobDraft} draft
 * @property {import("../work/jobs_state.js").JobsState} jobs
 * @property {readonly import("./spoken_history.js").Spoken[]} history
 * @property {import("../administration/operations_state.js").Operations} operations
 * @property {import("../references/references_state.js").ReferencesState} references
 * @property {string} text The text to speak, markup included.
 * @property {Record<Slot, Settings>} settings
 * @property {Slot} slot The settings that are shown and used.
 * @property {number} rate Speed of the playback, without another pitch.
 * @property {Playback} playback
 * @property {import("../audio/audio_output.js").SoundTrouble | null} sound Why nothing is heard; null: all is well.
 * @property {Comparison | null} comparison Null where one setting is used alone.
 * @property {"kept" | "full" | "blocked"} keeping Whether the browser keeps what is to be there at the next visit.
 * @property {"writing" | "reading"} textMode Whether the text is shown as it is written, or as it is read.
 * @property {{start: number, stop: number} | null} selection In the edited text, in UTF-16 units.
 * @property {import("../text/history.js").Steps} steps What can be undone.
 * @property {import("../text/lexicon.js").Lexicon} lexicon
 * @property {import("../text/lexicon.js").Lexicon} borrowed Readings that came with the text, of a link or the history.
 * @property {string | null} sample The sample that plays, as `sampleKey` names it.
 */

/** @typedef {import("./store.js").Store<AppState>} AppStore */

/** @type {Playback} */
export const IDLE = {
  status: "idle", received: 0, complete: false, firstAudio: null, factor: null, spoken: null, text: "", error: null,
  reference: null,
};

const NAME = "sambert-page";

const EXAMPLE = "你好！这里是完全在本地运行的中文语音合成。\n今天天气真好，我们一起去公园散步吧。";

/**
 * @param {import("./browser_storage.js").ValueStorage} storage
 * @param {readonly string[]} languages As `navigator.languages`.
 * @returns {AppState}
 */
export function initialState(storage, languages) {
  /** @type {Kept} */
  const kept = readStored(storage, NAME) ?? {};
  return {
    language: kept.language ?? preferredLanguage(languages),
    theme: kept.theme ?? "system",
    view: "speak",
    connection: {status: "connecting", message: "", code: null},
    voices: [],
    broken: [],
    fields: new Set(),
    jobFields: new Set(),
    formats: [],
    draft: EMPTY_DRAFT,
    jobs: NO_JOBS,
    history: readHistory(storage),
    references: NO_REFERENCES,
    operations: UNKNOWN,
    text: kept.text || EXAMPLE,
    settings: {a: {...initialSettings(), ...kept.settings?.a}, b: {...initialSettings(), ...kept.settings?.b}},
    slot: "a",
    rate: kept.rate ?? 1,
    playback: IDLE,
    sound: null,
    comparison: null,
    keeping: storage instanceof PageMemory ? "blocked" : "kept",
    textMode: "writing",
    selection: null,
    steps: NO_STEPS,
    lexicon: readLexicon(storage),
    borrowed: {},
    sample: null,
  };
}

/**
 * Without what the server keeps for a client, where another one begins.
 *
 * @param {Pick<AppState, "references">} state
 * @returns {Partial<AppState>}
 */
export const forOtherClient = ({references}) => (
  {jobs: NO_JOBS, operations: UNKNOWN, references: {...references, list: [], effect: null}});

const KEPT = /** @type {const} */ (["language", "theme", "text", "settings", "rate"]);

/** @typedef {Partial<Pick<AppState, typeof KEPT[number]>>} Kept */

/**
 * Keeps the text and the settings for the next visit, half a second after a change. Each is that of the tab that
 * changed it last. A language that the browser asks for anyway is not kept: it may ask for another one then.
 *
 * @param {AppStore} store
 * @param {import("./browser_storage.js").ValueStorage} storage
 * @param {readonly string[]} languages As `navigator.languages`.
 */
export function keepState(store, storage, languages) {
  /** What is not kept yet. @type {Set<typeof KEPT[number]>} */
  const changed = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const save = () => {
    clearTimeout(timer);
    if (!changed.size) return;
    const values = Object.fromEntries([...changed].map((field) => [field, store.state[field]]));
    const kept = {...readStored(storage, NAME), ...values};
    if (kept.language === preferredLanguage(languages)) delete kept.language;
    changed.clear();
    keepStored(store, storage, NAME, kept);
  };
  for (const field of KEPT) {
    let value = store.state[field];
    store.watch((state) => state[field], (now) => {
      if (now === value) return; // the first call
      value = now;
      changed.add(field);
      clearTimeout(timer);
      timer = setTimeout(save, 500);
    });
  }
  addEventListener("pagehide", save);
}
