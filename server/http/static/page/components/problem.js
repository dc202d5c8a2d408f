import {element} from "../../elements.js";
import {ResponseError, UnreachableError} from "../api/client.js";
import {StreamError} from "../api/server_events.js";

/** @typedef {import("../i18n/messages.js").Messages} Messages */

/**
 * What has gone wrong. An error of the server that has a code is said in the language of the page; its own words, which
 * may have more, can be unfolded.
 *
 * @param {import("../app.js").App} app
 * @param {string} id
 * @param {(state: import("../state/app_state.js").AppState) => Error | null} select
 */
export function Problem({store, t, signal}, id, select) {
  const place = element("div", {id, className: "error", role: "alert"});
  store.watch(select, (error) => {
    place.replaceChildren(...(error ? [element("p", {}, problemWords(t, error)), Original(t, error)] : []));
    place.hidden = !error;
  }, signal);
  return place;
}

/**
 * @param {Messages} t
 * @param {Error} error
 */
export function problemWords(t, error) {
  const {errors} = t.common;
  if (error instanceof ResponseError) return translated(t, error) ?? errors.refused(error.message);
  if (error instanceof UnreachableError) return errors.unreachable;
  if (error instanceof StreamError) return errors.broken;
  return errors.other(error.message);
}

/**
 * The words for an answer of the server, by its code; its own where the page has none.
 *
 * @param {Messages} t
 * @param {{code: string | null, message: string}} answer
 */
export const answerWords = (t, answer) => translated(t, answer) ?? answer.message;

/**
 * @param {Messages} t
 * @param {{code: string | null, message: string}} answer
 */
const translated = (t, {code, message}) => (code === null ? null : t.errorCodes.known(code, message));

/**
 * @param {Messages} t
 * @param {Error} error
 */
function Original(t, error) {
  if (!(error instanceof ResponseError) || translated(t, error) === null) return "";
  return element("details", {className: "small original"}, element("summary", {}, t.errorCodes.original),
    element("p", {lang: "en"}, error.message));
}
