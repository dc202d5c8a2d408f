// One text, spoken in one way: its samples and times as they arrive.

import {streamSpeech} from "../api/speech.js";
import {SampleBuffer} from "../audio/sample_buffer.js";
import {Timeline, codePointOffsets} from "./timeline.js";

/**
 * A text of one request. A long text has several, one after another.
 *
 * @typedef {object} TextPart
 * @property {string} input What is sent.
 * @property {number[] | null} positions Of the code points of `input` in the whole text; null where it is the text.
 * @property {number} start Where it begins in the whole text, if it has no positions.
 */

/**
 * @typedef {object} Figures
 * @property {number | null} firstAudio Seconds from the request to the first audio.
 * @property {number | null} factor Seconds of computing for a second of audio.
 */

/** Between two parts of a text, which are requests of their own. */
const PAUSE_SECONDS = 0.4;

export class Utterance {
  timeline = new Timeline();
  /** @type {Figures} */
  figures = {firstAudio: null, factor: null};
  /** @type {Error | null} */
  error = null;
  /** @type {import("../api/speech.js").AppliedReference | null} */
  reference = null;
  /** Whether it was stopped before its end. */
  stopped = false;
  #controller = new AbortController();

  /**
   * @param {string} text The whole text.
   * @param {import("./speech_request.js").SpeechRequest} request
   */
  constructor(text, {parts, fields, rate}) {
    this.text = text;
    this.parts = parts;
    this.fields = {...fields, sample_rate: rate};
    this.buffer = new SampleBuffer(rate);
  }

  /**
   * Receives everything, or what comes before `stop`. Never rejects: see `error`.
   *
   * @param {() => void} changed Called when something has arrived, and at the end.
   */
  async receive(changed) {
    try {
      for (const [index, part] of this.parts.entries()) {
        if (index) this.buffer.append(new Int16Array(Math.round(PAUSE_SECONDS * this.buffer.rate)));
        await this.#receivePart(part, changed);
      }
    } catch (error) {
      if (!this.#controller.signal.aborted) this.error = /** @type {Error} */ (error);
    }
    this.buffer.end();
    changed();
  }

  /** Ends the computing. What has arrived stays. */
  stop() {
    if (this.buffer.complete) return;
    this.stopped = true;
    this.#controller.abort();
  }

  /**
   * @param {TextPart} part
   * @param {() => void} changed
   */
  async #receivePart(part, changed) {
    const begin = this.buffer.seconds;
    const offsets = part.positions ?? codePointOffsets(part.input);
    const requested = performance.now();
    for await (const received of streamSpeech({input: part.input, ...this.fields}, this.#controller.signal)) {
      if ("sentence" in received) {
        this.timeline.add(received.sentence, offsets, part.positions ? 0 : part.start, begin);
      } else if ("reference" in received) {
        this.reference = received.reference;
      } else {
        this.buffer.append(received.samples);
        this.#measure((performance.now() - requested) / 1000, this.buffer.seconds - begin);
      }
      changed();
    }
  }

  /**
   * @param {number} elapsed Seconds since the request.
   * @param {number} seconds Of its audio.
   */
  #measure(elapsed, seconds) {
    this.figures = {firstAudio: this.figures.firstAudio ?? elapsed, factor: seconds ? elapsed / seconds : null};
  }
}
