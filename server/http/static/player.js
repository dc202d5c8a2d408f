// Plays samples that arrive piece by piece, one directly behind the other.

// Seconds between the arrival of the first piece and its sound: room for the second one to be late.
const HEAD_START = 0.1;

export class Player {
  /** Must be made while a click or a key press is being handled, else the browser keeps it silent. */
  constructor(rate) {
    // At the stream's own rate nothing is resampled piece by piece, which would be heard at the seams.
    this.context = new AudioContext({sampleRate: rate});
    this.rate = rate;
    this.end = 0; // when the last piece ends, on the context's clock
    this.duration = 0; // seconds of all pieces
  }

  get waiting() {
    return Math.max(0, this.end - this.context.currentTime);
  }

  get played() {
    return Math.max(0, this.duration - this.waiting);
  }

  add(samples) {
    const buffer = this.context.createBuffer(1, samples.length, this.rate);
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    if (this.end <= this.context.currentTime) this.end = this.context.currentTime + HEAD_START;
    source.start(this.end);
    this.end += buffer.duration;
    this.duration += buffer.duration;
  }

  /** Resolves when everything was heard. */
  async finished(signal) {
    while (this.waiting > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  close() {
    if (this.context.state !== "closed") this.context.close();
  }
}
