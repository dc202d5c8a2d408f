import {element} from "../../elements.js";

/** @param {import("../app.js").App} app */
export function WorkView({t}) {
  return element("p", {className: "muted"}, t.work.later);
}
