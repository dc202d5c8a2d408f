// Plays a buffer while it fills, by buffer sources on the clock of the audio. No worklet: browsers have them only on
// localhost and with https, but a server in one's own network is often reached by http.

import {AudioOutput} from "./audio_output.js";
import {TimeStretcher} from "./time_stretcher.js";

/** @typedef {import("./sample_buffer.js").SampleBuffer} SampleBuffer */

// Playback starts this long after the first samples, so that the next ones may be late.
const DELAY_SECONDS = 0.1;
// Browsers run the timers of hidden pages once a second.
const AHEAD_SECONDS = 3;
const PIECE_SECONDS = 0.5;
const FADE_SECONDS = 0.006;
const TIMER_MILLISECONDS = 100;

/**
 * Samples that are scheduled: `frame` is their first one on the clock of the audio, `position` that of the buffer.
 *
 * @typedef {object} Piece
 * @property {number} frame
 * @property {number} frames
 * @property {number} position
 * @property {number} pace
 * @property {AudioBufferSourceNode} source
 */

/** @typedef {"playing" | "waiting" | "paused" | "ended"} PlayerStatus */

export class Player {
  /** @type {GainNode | null} */
  #gain = null;
  /** @type {SampleBuffer | null} */
  #buffer = null;
  /** @type {Piece[]} */
  #pieces = [];
  /** @type {TimeStretcher | null} */
  #stretcher = null;
  /** The next sample of the buffer to schedule. */
  #next = 0;
  /** The frame of the clock where the next piece begins. */
  #frame = 0;
  #pace = 1;
  /** From the clock of the audio to the ear, in seconds. Read now and then: Firefox asks the device each time. */
  #latency = 0;
  /** @type {PlayerStatus} */
  #status = "paused";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {(status: PlayerStatus) => void} changed Called when the status is another one.
   * @param {(trouble: import("./audio_output.js").SoundTrouble | null) => void} told As `AudioOutput` tells.
   */
  constructor(changed, told) {
    this.changed = changed;
    this.output = new AudioOutput(told);
  }

  get #context() {
    return this.output.context;
  }

  get status() {
    return this.#status;
  }

  /** What is heard now: seconds in the buffer. */
  get position() {
    if (!this.#buffer) return 0;
    const heard = this.#heardFrame();
    const piece = this.#pieces.findLast(({frame}) => frame <= heard) ?? this.#pieces[0];
    if (!piece) return this.#next / this.#buffer.rate;
    const frames = Math.min(Math.max(heard - piece.frame, 0), piece.frames);
    return Math.min((piece.position + frames * piece.pace) / this.#buffer.rate, this.#buffer.seconds);
  }

  /**
   * Takes another buffer; it does not play yet.
   *
   * @param {SampleBuffer} buffer
   */
  load(buffer) {
    this.#halt();
    if (this.#buffer) this.#buffer.changed = () => {};
    this.#buffer = buffer;
    this.#next = 0;
    this.#status = "paused";
    buffer.changed = () => this.#pump();
  }

  /** Must be called first in the handler of a click or key press: browsers block audio otherwise. */
  play() {
    if (!this.#buffer || this.#isRunning) return;
    if (!this.output.start(this.#buffer.rate)) return;
    if (this.#buffer.complete && this.#next >= this.#buffer.length && !this.#pieces.length) this.#next = 0;
    this.#report("waiting");
    this.#pump();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#pump(), TIMER_MILLISECONDS);
  }

  pause() {
    this.#halt();
    this.#report("paused");
  }

  /**
   * Goes to a place in the buffer. Where its samples have not come yet, playback waits for them.
   *
   * @param {number} seconds
   */
  seek(seconds) {
    if (!this.#buffer) return;
    const running = this.#isRunning;
    this.#halt();
    this.#status = "paused";
    const last = this.#buffer.complete ? this.#buffer.seconds : Infinity;
    // Not before that time, so that what begins there sounds then.
    this.#next = Math.ceil(Math.min(Math.max(seconds, 0), last) * this.#buffer.rate - 1e-6);
    if (running) this.play();
    else this.changed("paused");
  }

  get #isRunning() {
    return this.#status === "playing" || this.#status === "waiting";
  }

  /** Seconds of the buffer that are heard in one second, with the same pitch. */
  get pace() {
    return this.#pace;
  }

  set pace(pace) {
    if (pace === this.#pace) return;
    this.#pace = pace;
    if (this.#pieces.length) this.seek(this.position);
  }

  #heardFrame() {
    if (!this.#context) return 0;
    return (this.#context.currentTime - this.#latency) * this.#context.sampleRate;
  }

  /** @param {AudioContext} context */
  #measureLatency(context) {
    if (context.state === "running") this.#latency = context.outputLatency || 0;
  }

  /** Stops what is scheduled, without a click. The next sample is the one that was heard. */
  #halt() {
    clearInterval(this.#timer);
    if (this.#pieces.length && this.#buffer) this.#next = Math.round(this.position * this.#buffer.rate);
    if (this.#context && this.#gain) {
      const end = this.#context.currentTime + FADE_SECONDS;
      this.#gain.gain.setValueAtTime(1, this.#context.currentTime);
      this.#gain.gain.linearRampToValueAtTime(0, end);
      for (const {source} of this.#pieces) source.stop(end);
    }
    this.#gain = null;
    this.#pieces = [];
    this.#stretcher = null;
  }

  /** Schedules what has arrived, up to some seconds ahead. */
  #pump() {
    const [context, buffer] = [this.#context, this.#buffer];
    if (!context || !buffer || !this.#isRunning) return;
    this.#measureLatency(context);
    const now = Math.ceil(context.currentTime * context.sampleRate);
    const late = this.#frame <= now || !this.#pieces.length;
    if (late && !this.#resume(context, buffer, now)) return;
    while (this.#frame < now + AHEAD_SECONDS * context.sampleRate) {
      const {position, samples} = this.#read(buffer);
      if (!samples.length) break;
      this.#schedule(context, buffer, position, samples);
    }
    this.#pieces = this.#pieces.filter(({frame, frames}) => frame + frames > this.#heardFrame() - context.sampleRate);
  }

  /**
   * At the start, and where everything scheduled has been played. Returns whether there is more.
   *
   * @param {AudioContext} context
   * @param {SampleBuffer} buffer
   * @param {number} now
   */
  #resume(context, buffer, now) {
    if (this.#exhausted(buffer)) {
      if (!buffer.complete) this.#report("waiting");
      else if (this.position >= buffer.seconds - 1e-6 || !this.#pieces.length) this.#end();
      return false;
    }
    if (!this.#gain) this.#fadeIn(context);
    this.#frame = now + Math.round(DELAY_SECONDS * context.sampleRate);
    this.#report("playing");
    return true;
  }

  /** @param {SampleBuffer} buffer */
  #exhausted(buffer) {
    return this.#next >= buffer.length;
  }

  #end() {
    clearInterval(this.#timer);
    this.#pieces = [];
    this.#stretcher = null;
    this.#gain = null;
    this.output.rest();
    this.#report("ended");
  }

  /** @param {AudioContext} context */
  #fadeIn(context) {
    this.#gain = context.createGain();
    this.#gain.connect(context.destination);
    if (this.#next === 0) return;
    const begin = context.currentTime + DELAY_SECONDS;
    this.#gain.gain.setValueAtTime(0, begin);
    this.#gain.gain.linearRampToValueAtTime(1, begin + FADE_SECONDS);
  }

  /**
   * The next samples to schedule, and their place in the buffer.
   *
   * @param {SampleBuffer} buffer
   */
  #read(buffer) {
    const position = this.#next;
    const count = Math.round(PIECE_SECONDS * buffer.rate);
    if (this.#pace === 1) {
      this.#next = Math.min(position + count, buffer.length);
      return {position, samples: buffer.read(position, this.#next)};
    }
    this.#stretcher ??= new TimeStretcher(buffer, position, this.#pace);
    const hops = [];
    for (let length = 0; length < count; length += this.#stretcher.hop) {
      const hop = this.#stretcher.next();
      if (!hop) break;
      hops.push(hop);
    }
    this.#next = Math.min(Math.round(this.#stretcher.position), buffer.length);
    return {position, samples: joined(hops)};
  }

  /**
   * @param {AudioContext} context
   * @param {SampleBuffer} buffer
   * @param {number} position
   * @param {Float32Array<ArrayBuffer>} samples
   */
  #schedule(context, buffer, position, samples) {
    const audio = context.createBuffer(1, samples.length, buffer.rate);
    audio.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = audio;
    source.connect(/** @type {GainNode} */ (this.#gain));
    source.start(this.#frame / context.sampleRate);
    this.#pieces.push({frame: this.#frame, frames: samples.length, position, pace: this.#pace, source});
    this.#frame += samples.length;
  }

  /** @param {PlayerStatus} status */
  #report(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.changed(status);
  }
}

/** @param {Float32Array[]} parts */
function joined(parts) {
  const samples = new Float32Array(parts.reduce((sum, {length}) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    samples.set(part, offset);
    offset += part.length;
  }
  return samples;
}
