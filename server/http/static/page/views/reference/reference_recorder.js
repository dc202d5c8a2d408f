import {element} from "../../../elements.js";
import {Recorder, canRecord} from "../../audio/recorder.js";
import {clock} from "../../components/clock.js";

/** The server takes 60, and a browser ends a recording a little late. */
const LONGEST_SECONDS = 58;
const METER_MILLISECONDS = 50;
/** Decibels of the full scale. */
const SILENCE = -60;
const QUIET = -38;
const LOUD = -8;

/**
 * Records the microphone, with a meter of its level.
 *
 * @param {import("../../app.js").App} app
 * @param {(file: File) => void} take
 */
export function ReferenceRecorder({t, signal, speech}, take) {
  const meter = element("meter", {
    min: SILENCE, max: 0, low: QUIET, high: LOUD, optimum: -20, value: SILENCE, "aria-label": t.reference.level,
  });
  const words = element("span", {className: "small muted number"});
  const live = element("div", {className: "recording", hidden: true}, meter, words);
  const problem = element("p", {className: "small error", role: "alert", hidden: true});
  const button = element("button", {id: "record", type: "button"}, t.reference.record);
  /** @type {Recorder | null} */
  let recorder = null;
  let asking = false;
  /** No frames of the screen: a hidden page has none. @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const show = (/** @type {boolean} */ recording) => {
    button.textContent = recording ? t.reference.stopRecording : t.reference.record;
    button.setAttribute("aria-pressed", String(recording));
    live.hidden = !recording;
  };
  const step = () => {
    if (!recorder) return;
    const {level, seconds} = recorder;
    meter.value = level;
    words.textContent = `${t.reference.recording(clock(seconds))} · ${judged(t, level)}`;
    if (seconds > LONGEST_SECONDS) stop();
  };
  const stop = async () => {
    const ended = /** @type {Recorder} */ (recorder);
    clearInterval(timer);
    recorder = null;
    show(false);
    take(await ended.stop());
  };
  const start = async () => {
    speech.pause();
    problem.hidden = true;
    const begun = new Recorder();
    asking = true;
    try {
      await begun.start();
    } catch (error) {
      begun.cancel();
      const {name, message} = /** @type {Error} */ (error);
      problem.textContent = t.reference.microphone[name] ?? t.reference.refusedMicrophone(message);
      problem.hidden = false;
      return;
    } finally {
      asking = false;
    }
    if (signal.aborted) return begun.cancel(); // the form was closed while the browser asked
    recorder = begun;
    timer = setInterval(step, METER_MILLISECONDS);
    show(true);
    step();
  };
  button.onclick = () => {
    if (recorder) stop();
    else if (!asking) start();
  };
  const cancel = () => {
    clearInterval(timer);
    recorder?.cancel();
    recorder = null;
  };
  signal.addEventListener("abort", cancel, {once: true});
  show(false);
  if (!canRecord()) return element("p", {className: "small muted"}, t.reference.cannotRecord);
  return element("div", {className: "recorder"}, button, live, problem);
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {number} level
 */
function judged(t, level) {
  if (level > LOUD) return t.reference.tooLoud;
  return level < QUIET ? t.reference.tooQuiet : t.reference.goodLevel;
}
