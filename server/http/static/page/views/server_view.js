import {element} from "../../elements.js";

/** @param {import("../app.js").App} app */
export function ServerView({t}) {
  return element("p", {className: "muted"}, t.server.later);
}
