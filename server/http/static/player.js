// Plays chunks of samples without gaps while they arrive.

// Playback starts this long after the first chunk, so that the second one may be late.
const START_DELAY_SECONDS = 0.1;

export class Player {
  /** Must be constructed in the handler of a click or key press: browsers block audio otherwise. */
  constructor(rate) {
    // With the sampling rate of the stream no chunk is resampled, which would be audible at the chunk boundaries.
    this.context = new AudioContext({sampleRate: rate});
    this.rate = rate;
    this.end = 0; // end of the last chunk, in seconds of the context's clock
    this.duration = 0; // seconds of all chunks
  }

  /** Seconds that are buffered and not played yet. */
  get buffered() {
    return Math.max(0, this.end - this.context.currentTime);
  }

  /** Seconds that have been played. */
  get played() {
    return Math.max(0, this.duration - this.buffered);
  }

  /** Schedules a chunk (Int16Array) after the previous ones. */
  enqueue(samples) {
    const buffer = this.context.createBuffer(1, samples.length, this.rate);
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    if (this.end <= this.context.currentTime) this.end = this.context.currentTime + START_DELAY_SECONDS;
    source.start(this.end);
    this.end += buffer.duration;
    this.duration += buffer.duration;
  }

  /** Resolves when all chunks have been played, or when the signal is aborted. */
  async finished(signal) {
    while (this.buffered > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  close() {
    if (this.context.state !== "closed") this.context.close();
  }
}
