import {element} from "../../elements.js";
import {ResponseError, UnreachableError} from "../api/client.js";
import {StreamError} from "../api/server_events.js";

/**
 * What has gone wrong with the speech, in a sentence.
 *
 * @param {import("../app.js").App} app
 */
export function PlaybackProblem({store, t, signal}) {
  const place = element("p", {id: "error", className: "error", role: "alert"});
  store.watch((state) => state.playback.error, (error) => {
    place.textContent = error ? problem(t, error) : "";
    place.hidden = !error;
  }, signal);
  return place;
}

/**
 * @param {import("../i18n/messages.js").Messages} t
 * @param {Error} error
 */
export function problem(t, error) {
  if (error instanceof ResponseError) return t.speak.errors.refused(error.message);
  if (error instanceof UnreachableError) return t.speak.errors.unreachable;
  if (error instanceof StreamError) return t.speak.errors.broken;
  return t.speak.errors.other(error.message);
}
