import {element} from "../../../elements.js";
import {ConfirmButton} from "../../components/confirm_button.js";
import {ShareButton} from "../../components/share_button.js";
import {fitted} from "../../state/settings.js";
import {styleWords} from "../../state/style_words.js";
import {borrowedFrom} from "../../text/lexicon.js";

/** @typedef {import("../../state/spoken_history.js").Spoken} Spoken */

/**
 * What was spoken in this browser: play it again, share it, forget it.
 *
 * @param {import("../../app.js").App} app
 */
export function SpokenList(app) {
  const {store, t, signal} = app;
  const list = element("ul", {className: "spoken"});
  const clear = ConfirmButton({
    label: t.work.clear, question: t.work.confirmClear, confirmed: () => store.update({history: []}),
  });
  const explanation = element("p", {className: "small muted"});
  store.watch((state) => state.history, (history) => {
    list.replaceChildren(...history.map((spoken) => Item(app, spoken)));
    clear.hidden = history.length === 0;
    explanation.textContent = history.length ? t.work.historyText : t.work.noHistory;
  }, signal);
  return element("section", {className: "card spoken-list", "aria-labelledby": "spoken-title"},
    element("div", {className: "card-head"}, element("h2", {id: "spoken-title"}, t.work.history), clear),
    explanation, list);
}

/**
 * @param {import("../../app.js").App} app
 * @param {Spoken} spoken
 */
function Item(app, spoken) {
  const {store, t} = app;
  const {text, settings, at} = spoken;
  const {speakers, emotions} = t.speak;
  const words = [
    settings.voice, settings.speaker && (speakers[settings.speaker] ?? settings.speaker),
    settings.emotion && (emotions[settings.emotion] ?? settings.emotion), ...styleWords(t, settings),
  ].filter(Boolean).join(" · ");
  const {button, place} = ShareButton(app, t.work.link, () => spoken);
  return element("li", {},
    element("p", {className: "spoken-text"}, text),
    element("p", {className: "small muted"},
      `${new Date(at).toLocaleString(store.state.language, {dateStyle: "short", timeStyle: "short"})} · ${words}`),
    element("div", {className: "job-buttons"},
      element("button", {type: "button", className: "replay", onclick: () => replay(app, spoken)}, t.work.replay),
      button,
      element("button", {
        type: "button", className: "quiet small", "aria-label": `${t.work.forgetSpoken}: ${text.slice(0, 20)}`,
        onclick: () => store.update(({history}) => ({history: history.filter((each) => each !== spoken)})),
      }, t.work.forget)), place);
}

/**
 * Speaks it again as it was, in the speaking view.
 *
 * @param {import("../../app.js").App} app
 * @param {Spoken} spoken
 */
function replay({store, speech}, {text, settings, readings = {}}) {
  store.update((state) => ({
    text, comparison: null, slot: "a", settings: {...state.settings, a: fitted(settings, state.voices)},
    borrowed: borrowedFrom(readings, state.lexicon),
  }));
  location.hash = "speak";
  speech.play();
}
