// The samples of an utterance as they arrive.

const BLOCK = 1 << 17; // samples

/** Samples by position, and their peaks for the waveform. Samples are 16-bit integers, as the server sends them. */
export class SampleBuffer {
  /** @type {Int16Array[]} */
  #blocks = [];
  /** Peaks of the complete spans and of the one in progress, 0 to 1. @type {number[]} */
  peaks = [];
  length = 0;
  /** Whether all samples are there. */
  complete = false;
  /** Called when samples have arrived, and at the end. */
  changed = () => {};

  /** @param {number} rate Hz. */
  constructor(rate) {
    this.rate = rate;
    /** Samples of a peak: 10 ms. */
    this.span = Math.round(rate / 100);
  }

  get seconds() {
    return this.length / this.rate;
  }

  /** @param {Int16Array} samples */
  append(samples) {
    this.#measure(samples);
    for (let read = 0; read < samples.length;) {
      const offset = this.length % BLOCK;
      if (offset === 0) this.#blocks.push(new Int16Array(BLOCK));
      const part = samples.subarray(read, read + BLOCK - offset);
      this.#blocks[this.#blocks.length - 1].set(part, offset);
      this.length += part.length;
      read += part.length;
    }
    this.changed();
  }

  end() {
    this.complete = true;
    this.changed();
  }

  /**
   * The samples of a range, in -1 to 1; silence where none are.
   *
   * @param {number} start
   * @param {number} stop
   */
  read(start, stop) {
    const samples = new Float32Array(stop - start);
    for (let position = Math.max(0, start); position < Math.min(stop, this.length);) {
      const block = this.#blocks[Math.floor(position / BLOCK)];
      const offset = position % BLOCK;
      const count = Math.min(BLOCK - offset, stop - position, this.length - position);
      for (let index = 0; index < count; index++) samples[position - start + index] = block[offset + index] / 32768;
      position += count;
    }
    return samples;
  }

  /** @param {Int16Array} samples */
  #measure(samples) {
    for (let index = 0; index < samples.length; index++) {
      const span = Math.floor((this.length + index) / this.span);
      const level = Math.abs(samples[index]) / 32768;
      if (!(this.peaks[span] >= level)) this.peaks[span] = level;
    }
  }
}
