import {element} from "../../../elements.js";
import {knownVoices} from "../../administration/known_voices.js";
import {ConfirmButton} from "../../components/confirm_button.js";

/** @typedef {import("../../administration/known_voices.js").KnownVoice} KnownVoice */

/**
 * The voices with their state; where the key may, they are removed and looked for again.
 *
 * @param {import("../../app.js").App} app
 * @param {import("../../administration/server_watch.js").ServerWatch} watch
 */
export function ServerVoices(app, watch) {
  const {store, t, signal} = app;
  const list = element("ul", {className: "jobs"});
  const message = element("p", {id: "voices-message", className: "small", role: "status"});
  const reload = element("button", {id: "voices-reload", type: "button", onclick: () => watch.reload(
    ({added, replaced, removed}) => t.server.reloaded(added, replaced, removed))}, t.server.reload);
  store.watch((state) => JSON.stringify([knownVoices(state), state.operations.administration !== null]), () => {
    const asked = list.querySelector("[data-asking='true']"); // the question stays until it is answered
    if (!asked) list.replaceChildren(...knownVoices(store.state).map((voice) => Item(app, watch, voice)));
  }, signal);
  store.watch((state) => state.operations.administration !== null, (may) => { reload.hidden = !may; }, signal);
  store.watch((state) => state.operations.message, (words) => { message.textContent = words; }, signal);
  return element("section", {className: "card server-voices", "aria-labelledby": "voices-title"},
    element("div", {className: "card-head"}, element("h2", {id: "voices-title"}, t.server.voices), reload),
    message, list);
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {KnownVoice} voice
 */
function factsOf({server: {facts, rate: hertz, megabytes}}, {precision, rate, memory, streams, license}) {
  return [
    precision && `${facts.precision} ${precision}`, rate && hertz(rate),
    memory && `${facts.memory} ${megabytes(memory, 0)}`, streams && `${facts.streams} ${streams}`,
    license && `${facts.license} ${license}`,
  ].filter(Boolean).join(" · ");
}

/**
 * @param {import("../../app.js").App} app
 * @param {import("../../administration/server_watch.js").ServerWatch} watch
 * @param {KnownVoice} voice
 */
function Item({store, t}, watch, voice) {
  const {id, status, isDefault, problem} = voice;
  const may = store.state.operations.administration !== null && !isDefault;
  return element("li", {className: "job", "data-voice": id},
    element("div", {className: "job-head"}, element("strong", {}, id),
      element("span", {className: "badge", "data-state": status}, t.server.voiceStates[status]),
      isDefault ? element("span", {className: "badge"}, t.server.defaultVoice) : ""),
    problem ? element("p", {className: "small error"}, problem) : "",
    element("p", {className: "small muted"}, factsOf(t, voice)),
    may ? element("div", {className: "job-buttons"}, ConfirmButton({
      label: t.server.remove, question: t.server.confirmRemove, description: id, confirmed: () => watch.remove(id),
    })) : "");
}
