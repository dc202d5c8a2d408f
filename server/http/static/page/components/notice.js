import {element} from "../../elements.js";
import {answerWords} from "./problem.js";

/** @typedef {import("../state/app_state.js").Connection} Connection */

/**
 * One line while the server cannot speak, or the field for the key; nothing while all is well.
 *
 * @param {import("../app.js").App} app
 */
export function Notice(app) {
  const place = element("div", {className: "notice", role: "status"});
  app.store.watch((state) => state.connection, (connection) => {
    place.dataset.status = connection.status;
    place.hidden = connection.status === "ready";
    place.replaceChildren(connection.status === "key" ? KeyForm(app, connection) : line(app, connection));
  }, app.signal);
  return place;
}

/**
 * One line where the browser keeps nothing for the next visit.
 *
 * @param {import("../app.js").App} app
 */
export function KeepingNotice({store, t, signal}) {
  const place = element("p", {className: "notice small", id: "keeping", role: "status"});
  store.watch((state) => state.keeping, (keeping) => {
    place.hidden = keeping === "kept";
    place.textContent = keeping === "kept" ? "" : t.common.keeping[keeping];
  }, signal);
  return place;
}

/**
 * @param {import("../app.js").App} app
 * @param {Connection} connection
 */
function line({t}, {status, ...answer}) {
  const texts = {
    connecting: t.common.connecting, starting: t.common.starting, lost: t.common.lost,
    refused: t.common.refused(answerWords(t, answer)), key: "", ready: "",
  };
  return element("p", {}, texts[status]);
}

/**
 * @param {import("../app.js").App} app
 * @param {Connection} answer
 */
function KeyForm({t, store, connection}, answer) {
  const input = element("input", {
    id: "key", type: "password", autocomplete: "off", spellcheck: false, placeholder: "sk-sambert-…", required: true,
  });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    connection.useKey(input.value);
  };
  const isAnswered = store.state.voices.length > 0; // then another key is no must
  const {title, text} = isAnswered ? t.common.key.other : t.common.key;
  return element("form", {className: "key-form", onsubmit: send},
    element("div", {}, element("strong", {}, title), element("p", {}, text)),
    answer.message && element("p", {className: "error", role: "alert"}, t.common.key.wrong(answerWords(t, answer))),
    element("label", {for: "key"}, t.common.key.label), input,
    element("div", {className: "buttons"},
      element("button", {type: "submit", className: "primary"}, t.common.key.use),
      isAnswered && element("button", {
        id: "key-cancel", type: "button", className: "quiet", onclick: () => connection.check(),
      }, t.common.key.cancel)));
}
