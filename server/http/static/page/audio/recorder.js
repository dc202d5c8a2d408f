// Records the microphone, with its level while it records.

const SPEECH = {audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}};

/** Whether the browser lets this page record: it does on localhost and with https. */
export const canRecord = () => "mediaDevices" in navigator && "MediaRecorder" in globalThis;

export class Recorder {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {MediaRecorder | null} */
  #recorder = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  #begin = 0;

  /** Asks for the microphone and begins. Rejects with the error of the browser. */
  async start() {
    this.#stream = await navigator.mediaDevices.getUserMedia(SPEECH);
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#context.createMediaStreamSource(this.#stream).connect(this.#analyser);
    this.#recorder = new MediaRecorder(this.#stream);
    this.#recorder.start();
    this.#begin = performance.now();
  }

  /** Seconds so far. */
  get seconds() {
    return (performance.now() - this.#begin) / 1000;
  }

  /** The level now: decibels of the full scale, -100 for silence. */
  get level() {
    if (!this.#analyser) return -100;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return decibels(samples);
  }

  /**
   * Ends the recording, and gives the microphone back.
   *
   * @returns {Promise<File>} As the browser encodes it.
   */
  async stop() {
    const recorder = /** @type {MediaRecorder} */ (this.#recorder);
    const data = await new Promise((resolve) => {
      recorder.addEventListener("dataavailable", (event) => resolve(event.data), {once: true});
      recorder.stop();
    });
    this.cancel();
    const type = recorder.mimeType.split(";")[0];
    return new File([data], `recording.${type.split("/")[1]}`, {type});
  }

  /** Gives the microphone back. */
  cancel() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close().catch(() => {});
    this.#context = this.#analyser = null;
  }
}

/**
 * The mean square of samples, in decibels of the full scale; at least -100.
 *
 * @param {Float32Array} samples
 */
export function decibels(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return 10 * Math.log10(Math.max(power, 1e-10));
}
