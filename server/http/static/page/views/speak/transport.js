import {element} from "../../../elements.js";
import {clock} from "../../components/clock.js";
import {icon} from "../../components/icon.js";
import {Problem} from "../../components/problem.js";
import {Downloads} from "./downloads.js";
import {Waveform} from "./waveform.js";

/**
 * Playback: the big button, the waveform, the rate, the figures and the files.
 *
 * @param {import("../../app.js").App} app
 */
export function Transport(app) {
  return element("div", {className: "transport"},
    element("div", {className: "transport-main"}, PlayButton(app), StopButton(app), Waveform(app), Time(app)),
    element("div", {className: "transport-more"}, Rate(app), Figures(app), Downloads(app)),
    SoundTrouble(app), Problem(app, "error", ({playback}) => playback.error));
}

/** @param {import("../../app.js").App} app */
function SoundTrouble({store, t, signal}) {
  const place = element("p", {id: "sound", className: "small warning", role: "alert"});
  store.watch((state) => state.sound, (trouble) => {
    place.hidden = trouble === null;
    place.textContent = trouble ? t.speak.sound[trouble] : "";
  }, signal);
  return place;
}

/** @param {import("../../app.js").App} app */
function PlayButton(app) {
  const {store, signal, speech} = app;
  const button = element("button", {
    id: "play", type: "button", className: "primary play", onclick: () => speech.toggle(),
  });
  const show = () => {
    const {status} = store.state.playback;
    button.dataset.status = status;
    button.disabled = store.state.voices.length === 0 || !store.state.text.trim();
    const {name, label} = face(app);
    if (button.textContent === label) return;
    button.replaceChildren(icon(name), element("span", {}, label));
  };
  store.watch((state) => state, show, signal);
  return button;
}

/**
 * What the button does, as an icon and a word.
 *
 * @param {import("../../app.js").App} app
 * @returns {{name: import("../../components/icon.js").IconName, label: string}}
 */
function face({store, t, speech}) {
  const {status} = store.state.playback;
  if (status === "playing") return {name: "pause", label: t.speak.pause};
  if (status === "waiting") return {name: "pause", label: t.speak.waiting};
  if (status === "idle" || speech.outdated) return {name: "play", label: t.speak.play};
  return status === "paused" ? {name: "play", label: t.speak.resume} : {name: "replay", label: t.speak.again};
}

/** @param {import("../../app.js").App} app */
function StopButton({store, t, signal, speech}) {
  const button = element("button", {
    id: "stop", type: "button", className: "icon-button", title: t.speak.stop, "aria-label": t.speak.stop,
    onclick: () => speech.stop(),
  }, icon("stop"));
  store.watch(({playback}) => canStop(playback), (can) => { button.disabled = !can; }, signal);
  return button;
}

/** @param {import("../../state/app_state.js").Playback} playback */
const canStop = ({status, complete}) =>
  status === "playing" || status === "waiting" || status === "paused" || (status === "ended" && !complete);

/** @param {import("../../app.js").App} app */
function Time({store, signal, speech}) {
  const time = element("span", {className: "time number", "aria-hidden": "true"});
  const show = () => {
    const {received} = store.state.playback;
    const text = received ? `${clock(speech.position)} / ${clock(received)}` : "";
    if (time.textContent !== text) time.textContent = text;
  };
  speech.onFrame(show, signal);
  show();
  return time;
}

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** @param {import("../../app.js").App} app */
function Rate({store, t, signal}) {
  const select = element("select", {
    id: "rate", className: "rate", "aria-label": t.speak.rate, title: t.speak.rate,
    onchange: () => store.update({rate: Number(select.value)}),
  }, RATES.map((rate) => new Option(`${rate}×`, String(rate))));
  store.watch((state) => state.rate, (rate) => { select.value = String(rate); }, signal);
  return select;
}

/** @param {import("../../app.js").App} app */
function Figures({store, t, signal}) {
  const figures = element("span", {
    id: "figures", className: "figures number muted small", title: t.speak.figuresTitle,
  });
  store.watch((state) => state.playback, ({firstAudio, factor}) => {
    figures.textContent = firstAudio === null ? "" : t.speak.figures(firstAudio, factor);
  }, signal);
  return figures;
}
