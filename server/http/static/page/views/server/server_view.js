import {element} from "../../../elements.js";
import {ServerWatch} from "../../administration/server_watch.js";
import {Problem} from "../../components/problem.js";
import {ServerStatus} from "./server_status.js";
import {ServerVoices} from "./server_voices.js";
import {VoiceConversion} from "./voice_conversion.js";

/**
 * For those who run the server: its state, and its voices.
 *
 * @param {import("../../app.js").App} app
 */
export function ServerView(app) {
  const {t} = app;
  const watch = new ServerWatch(app);
  return element("div", {className: "work server"},
    element("div", {className: "intro"}, element("h1", {}, t.server.title), element("p", {}, t.server.subtitle)),
    element("div", {className: "work-lists"},
      Problem(app, "server-problem", (state) => state.operations.problem), ServerStatus(app),
      VoiceConversion(app, watch)),
    ServerVoices(app, watch));
}
