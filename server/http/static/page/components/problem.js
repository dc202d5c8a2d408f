import {element} from "../../elements.js";
import {ResponseError, UnreachableError} from "../api/client.js";
import {StreamError} from "../api/server_events.js";

/**
 * What has gone wrong, in the words of the server where it has some.
 *
 * @param {import("../app.js").App} app
 * @param {string} id
 * @param {(state: import("../state/app_state.js").AppState) => Error | null} select
 */
export function Problem({store, t, signal}, id, select) {
  const place = element("p", {id, className: "error", role: "alert"});
  store.watch(select, (error) => {
    place.textContent = error ? problemWords(t, error) : "";
    place.hidden = !error;
  }, signal);
  return place;
}

/**
 * @param {import("../i18n/messages.js").Messages} t
 * @param {Error} error
 */
export function problemWords({common: {errors}}, error) {
  if (error instanceof ResponseError) return errors.refused(error.message);
  if (error instanceof UnreachableError) return errors.unreachable;
  if (error instanceof StreamError) return errors.broken;
  return errors.other(error.message);
}
