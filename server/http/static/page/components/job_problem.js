import {element} from "../../elements.js";
import {ResponseError, UnreachableError} from "../api/client.js";

/**
 * What has gone wrong with the work, in the words of the server where it has some.
 *
 * @param {import("../app.js").App} app
 * @param {string} id
 * @param {(state: import("../state/app_state.js").AppState) => Error | null} select
 */
export function JobProblem({store, t, signal}, id, select) {
  const place = element("p", {id, className: "error", role: "alert"});
  store.watch(select, (error) => {
    place.textContent = error ? problemOf(t, error) : "";
    place.hidden = !error;
  }, signal);
  return place;
}

/**
 * @param {import("../i18n/messages.js").Messages} t
 * @param {Error} error
 */
export function problemOf(t, error) {
  if (error instanceof ResponseError) return t.work.errors.refused(error.message);
  if (error instanceof UnreachableError) return t.work.errors.unreachable;
  return t.work.errors.other(error.message);
}
