// Another pace with the same pitch: overlapping windows of the samples, each placed where it continues the one before
// best (WSOLA: Verhelst and Roelands, ICASSP 1993).

const HOP_SECONDS = 0.02;
const SEARCH_SECONDS = 0.008;
const STRIDE = 2; // samples that the search skips

/** Yields the samples of a buffer at another pace, hop by hop. */
export class TimeStretcher {
  /** @type {Float32Array | null} */
  #tail = null;
  #natural = 0;

  /**
   * @param {import("./sample_buffer.js").SampleBuffer} buffer
   * @param {number} position The first sample.
   * @param {number} pace Seconds of the buffer that are heard in one second.
   */
  constructor(buffer, position, pace) {
    this.buffer = buffer;
    /** The sample of the buffer that is heard at the beginning of the next hop. */
    this.position = position;
    this.pace = pace;
    this.hop = Math.round(buffer.rate * HOP_SECONDS);
    this.search = Math.round(buffer.rate * SEARCH_SECONDS);
    const rise = (/** @type {number} */ index) => 0.5 - 0.5 * Math.cos((Math.PI * (index + 0.5)) / this.hop);
    this.rise = Float32Array.from({length: this.hop}, (_, index) => rise(index));
  }

  /** The next samples, or null where the buffer does not have what they need yet, or has come to its end. */
  next() {
    const {buffer, hop, search} = this;
    const target = Math.round(this.position);
    if (target >= buffer.length || (!buffer.complete && target + search + 2 * hop > buffer.length)) return null;
    const start = this.#tail ? this.#best(target) : target;
    const window = buffer.read(start, start + 2 * hop);
    const samples = window.slice(0, hop);
    if (this.#tail) {
      for (let index = 0; index < hop; index++) samples[index] = this.#tail[index] + this.rise[index] * window[index];
    }
    this.#tail = window.subarray(hop).map((sample, index) => sample * (1 - this.rise[index]));
    this.#natural = start + hop;
    this.position += hop * this.pace;
    return samples;
  }

  /**
   * The beginning near `target` whose samples are most like those that would follow the window before.
   *
   * @param {number} target
   */
  #best(target) {
    const {buffer, hop, search} = this;
    const wanted = buffer.read(this.#natural, this.#natural + hop);
    const around = buffer.read(target - search, target + search + hop);
    let best = {offset: search, score: -Infinity};
    for (let offset = 0; offset <= 2 * search; offset++) {
      let product = 0;
      let energy = 1e-9;
      for (let index = 0; index < hop; index += STRIDE) {
        const sample = around[offset + index];
        product += wanted[index] * sample;
        energy += sample * sample;
      }
      const score = product / Math.sqrt(energy);
      if (score > best.score) best = {offset, score};
    }
    return target - search + best.offset;
  }
}
