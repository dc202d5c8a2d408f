// Asks the server how blocks of the text are read, and remembers the answers.

import {analyzeText} from "../api/text_analysis.js";
import {lexiconField} from "../speech/speech_request.js";
import {usedLexicon} from "./lexicon.js";

/** @typedef {import("../api/text_analysis.js").TextAnalysis} TextAnalysis */
/** @typedef {{analysis: TextAnalysis} | {error: Error}} Outcome */

/** At a time. */
const MAX_REQUESTS = 2;
const MAX_REMEMBERED = 500;

export class TextAnalyzer {
  /** @type {Map<string, Promise<Outcome>>} */
  #outcomes = new Map();
  /** @type {(() => void)[]} */
  #waiting = [];
  #running = 0;

  /** @param {import("../state/app_state.js").AppStore} store */
  constructor(store) {
    this.store = store;
  }

  /**
   * How a source is read in the voice that is chosen. Never rejects.
   *
   * @param {string} source
   * @returns {Promise<Outcome>}
   */
  analyze(source) {
    const body = {input: source, ...this.#fields()};
    const key = JSON.stringify(body);
    const known = this.#outcomes.get(key);
    if (known) return known;
    const outcome = this.#ask(body);
    this.#outcomes.set(key, outcome);
    outcome.then((result) => "error" in result && this.#outcomes.delete(key));
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= MAX_REMEMBERED) break;
      this.#outcomes.delete(oldest);
    }
    return outcome;
  }

  /** What changes the reading, besides the text. */
  get key() {
    return JSON.stringify(this.#fields());
  }

  #fields() {
    const {settings, slot, fields} = this.store.state;
    const {voice, speaker, emotion} = settings[slot];
    const chosen = Object.entries({voice, speaker, emotion}).filter(([, value]) => value !== null);
    return {...Object.fromEntries(chosen), ...lexiconField(usedLexicon(this.store.state), fields)};
  }

  /** @returns {Promise<void>} */
  #turn() {
    return new Promise((go) => this.#waiting.push(go));
  }

  /**
   * @param {Record<string, unknown>} body
   * @returns {Promise<Outcome>}
   */
  async #ask(body) {
    if (this.#running >= MAX_REQUESTS) await this.#turn();
    this.#running++;
    try {
      return {analysis: await analyzeText(body)};
    } catch (error) {
      return {error: /** @type {Error} */ (error)};
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}
