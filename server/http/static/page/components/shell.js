import {element} from "../../elements.js";
import {VIEWS} from "../state/address.js";
import {Header} from "./header.js";
import {KeepingNotice, Notice} from "./notice.js";

/** @typedef {import("../state/app_state.js").ViewName} ViewName */

/** @type {Record<ViewName, () => Promise<(app: import("../app.js").App) => HTMLElement>>} */
const LOAD = {
  speak: async () => (await import("../views/speak/speak_view.js")).SpeakView,
  work: async () => (await import("../views/work/work_view.js")).WorkView,
  server: async () => (await import("../views/server/server_view.js")).ServerView,
};

/**
 * The whole page: header, notice, and the views, each loaded when it is shown first and hidden while it is not shown.
 *
 * @param {import("../app.js").App} app
 */
export function Shell(app) {
  const {store, t, signal} = app;
  const main = element("main", {id: "content", tabIndex: -1});
  /** @type {Map<ViewName, HTMLElement>} */
  const places = new Map();
  const show = (/** @type {ViewName} */ view) => {
    for (const [name, place] of places) place.hidden = name !== view;
    if (places.has(view)) return;
    const loading = element("p", {className: "muted"}, t.common.loading);
    const place = element("div", {className: "view", "data-view": view}, loading);
    places.set(view, place);
    main.append(place);
    fill(app, view, place);
  };
  store.watch((state) => state.view, show, signal);
  return element("div", {className: "page"},
    element("a", {className: "skip", href: "#content", onclick: focusContent}, t.common.skip),
    Header(app, VIEWS), Notice(app), KeepingNotice(app), main);
}

/**
 * @param {import("../app.js").App} app
 * @param {ViewName} view
 * @param {HTMLElement} place
 */
async function fill(app, view, place) {
  place.ariaBusy = "true";
  try {
    place.replaceChildren((await LOAD[view]())(app));
  } catch (error) {
    console.warn(error);
    const retry = element("button", {type: "button", onclick: () => fill(app, view, place)}, app.t.common.retry);
    place.replaceChildren(element("p", {role: "alert"}, app.t.common.unloadable), retry);
  }
  place.ariaBusy = null;
}

/** The link would change the fragment, which is the view. @param {Event} event */
function focusContent(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
