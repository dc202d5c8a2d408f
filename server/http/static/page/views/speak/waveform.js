import {element} from "../../../elements.js";
import {clock} from "../../components/clock.js";

const BAR = 3; // CSS pixels
const GAP = 2;
const STEP_SECONDS = 5;
const SECONDS_PER_CHARACTER = 0.24; // before the length is known

/**
 * The loudness of what has arrived, and a slider for the position.
 *
 * @param {import("../../app.js").App} app
 */
export function Waveform(app) {
  const {t, signal, speech, store} = app;
  const canvas = element("canvas", {className: "waveform-canvas"});
  const slider = element("div", {
    id: "waveform", className: "waveform", role: "slider", tabIndex: 0, "aria-label": t.speak.seek, "aria-valuemin": 0,
  }, canvas);
  const draw = () => {
    describe(app, slider);
    paint(app, canvas);
  };
  const seekTo = (/** @type {PointerEvent} */ {clientX}) => {
    const {left, width} = slider.getBoundingClientRect();
    const place = Math.min(Math.max((clientX - left) / width, 0), 1) * shownSeconds(app);
    speech.seek(Math.min(place, store.state.playback.received));
  };
  slider.onpointerdown = (event) => {
    slider.setPointerCapture(event.pointerId);
    seekTo(event);
  };
  slider.onpointermove = (event) => slider.hasPointerCapture(event.pointerId) && seekTo(event);
  slider.onkeydown = (event) => move(app, event);
  const resized = new ResizeObserver(draw);
  resized.observe(slider);
  signal.addEventListener("abort", () => resized.disconnect(), {once: true});
  speech.onFrame(draw, signal);
  store.watch((state) => state.theme, draw, signal);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw, {signal});
  return slider;
}

/**
 * @param {import("../../app.js").App} app
 * @param {HTMLElement} slider
 */
function describe({t, speech, store}, slider) {
  const {received} = store.state.playback;
  slider.setAttribute("aria-valuemax", received.toFixed(1));
  slider.setAttribute("aria-valuenow", Math.min(speech.position, received).toFixed(1));
  slider.setAttribute("aria-valuetext", t.speak.position(clock(speech.position), clock(received)));
}

/**
 * @param {import("../../app.js").App} app
 * @param {KeyboardEvent} event
 */
function move({speech, store}, event) {
  const {received} = store.state.playback;
  const place = {
    ArrowLeft: speech.position - STEP_SECONDS, ArrowDown: speech.position - STEP_SECONDS,
    ArrowRight: speech.position + STEP_SECONDS, ArrowUp: speech.position + STEP_SECONDS, Home: 0, End: received,
  }[event.key];
  if (place === undefined) return;
  event.preventDefault();
  speech.seek(Math.min(Math.max(place, 0), received));
}

/**
 * The length of the whole waveform: an estimate until all has arrived.
 *
 * @param {import("../../app.js").App} app
 */
function shownSeconds({speech, store}) {
  const {received, complete, text} = store.state.playback;
  if (complete || !speech.utterance) return received;
  const {characters} = speech.utterance.timeline;
  const known = characters[characters.length - 1];
  const estimate = known ? (known.end / known.stop) * text.length : text.length * SECONDS_PER_CHARACTER;
  return Math.max(received, estimate);
}

/**
 * @param {import("../../app.js").App} app
 * @param {HTMLCanvasElement} canvas
 */
function paint(app, canvas) {
  const {width, height} = canvas.parentElement?.getBoundingClientRect() ?? {width: 0, height: 0};
  if (!width) return;
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const count = Math.floor(width / (BAR + GAP));
  const levels = barLevels(app, count);
  const heard = (app.speech.position / (shownSeconds(app) || 1)) * count;
  for (let index = 0; index < count; index++) {
    const level = levels[index];
    context.fillStyle = style.getPropertyValue(level === null ? "--border" : index < heard ? "--accent" : "--waveform");
    const bar = Math.max(BAR, (level ?? 0) * height);
    context.beginPath();
    context.roundRect(index * (BAR + GAP), (height - bar) / 2, BAR, bar, BAR / 2);
    context.fill();
  }
}

/**
 * The height of each bar, 0 to 1; null where nothing has arrived.
 *
 * @param {import("../../app.js").App} app
 * @param {number} count
 */
function barLevels(app, count) {
  const {utterance} = app.speech;
  const seconds = shownSeconds(app);
  return Array.from({length: count}, (_, index) => {
    if (!utterance || !seconds) return null;
    const {peaks, span, rate} = utterance.buffer;
    const spans = (seconds * rate) / span / count;
    const start = Math.floor(index * spans);
    if (start >= peaks.length) return null;
    const stop = Math.max(Math.floor((index + 1) * spans), start + 1);
    return Math.sqrt(peaks.slice(start, stop).reduce((most, peak) => Math.max(most, peak), 0));
  });
}
