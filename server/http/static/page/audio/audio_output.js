// The way to the loudspeaker, and whether there is one.

/** Devices that sleep, such as headphones without a wire, take this long to start. */
const START_MILLISECONDS = 3000;

/** "failed": the sound does not start. "missing": the browser plays, but has found no loudspeaker. */
/** @typedef {"failed" | "missing"} SoundTrouble */

export class AudioOutput {
  /** @type {AudioContext | null} */
  context = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(trouble: SoundTrouble | null) => void} told Called after a start; null where all is well. */
  constructor(told) {
    this.told = told;
  }

  /**
   * Starts the sound; null where the browser has none. The context has the sampling rate of what is played, so that
   * nothing is resampled: that would be heard where two pieces meet.
   *
   * @param {number} rate Hz.
   */
  start(rate) {
    try {
      const context = this.#open(rate);
      context.resume().catch(() => this.told("failed"));
      this.#watch(context);
      return context;
    } catch (error) {
      console.warn("no sound:", error);
      this.told("failed");
      return null;
    }
  }

  /** Nothing plays for now. */
  rest() {
    clearTimeout(this.#timer);
    this.context?.suspend();
  }

  /** @param {number} rate */
  #open(rate) {
    if (this.context?.sampleRate !== rate) {
      this.context?.close();
      this.context = null;
      this.context = new AudioContext({sampleRate: rate});
    }
    return this.context;
  }

  /**
   * Tells whether the context starts. Without a loudspeaker Firefox waits for one, and Chromium plays nevertheless.
   *
   * @param {AudioContext} context
   */
  #watch(context) {
    clearTimeout(this.#timer);
    const started = async () => {
      if (context.state === "running") this.told(await isSilent() ? "missing" : null);
    };
    context.onstatechange = started;
    context.addEventListener("error", () => this.told("failed"), {once: true});
    started();
    this.#timer = setTimeout(() => context.state !== "running" && this.told("failed"), START_MILLISECONDS);
  }
}

/** Whether the browser has no loudspeaker. Only Chromium lists them, and to pages with https or on localhost only. */
async function isSilent() {
  if (!("setSinkId" in AudioContext.prototype) || !navigator.mediaDevices) return false;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => null);
  return devices !== null && devices.every(({kind}) => kind !== "audiooutput");
}
