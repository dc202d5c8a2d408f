import {element} from "../../elements.js";
import {icon} from "./icon.js";

/** @typedef {import("../state/app_state.js").ViewName} ViewName */

/**
 * The name, the views, and the switches of language and theme.
 *
 * @param {import("../app.js").App} app
 * @param {readonly ViewName[]} views
 */
export function Header(app, views) {
  const {store, t, signal} = app;
  const links = views.map((view) => element("a", {href: `#${view}`}, t.common.views[view]));
  store.watch((state) => state.view, (shown) => {
    links.forEach((link, index) => link.toggleAttribute("aria-current", views[index] === shown));
    links.forEach((link) => link.hasAttribute("aria-current") && link.setAttribute("aria-current", "page"));
  }, signal);
  return element("header", {className: "header"},
    element("a", {className: "brand", href: "#speak"}, icon("wave"), element("span", {}, t.common.name)),
    element("nav", {"aria-label": t.common.viewsLabel}, links),
    element("div", {className: "switches"},
      element("a", {className: "quiet", href: "docs"}, t.common.api), LanguageSwitch(app), ThemeSwitch(app)));
}

/** @param {import("../app.js").App} app */
function LanguageSwitch({store, t}) {
  const other = store.state.language === "zh" ? "en" : "zh";
  return element("button", {
    id: "language", type: "button", className: "quiet", lang: other === "zh" ? "zh-CN" : "en",
    onclick: () => store.update({language: other}),
  }, t.common.language);
}

/** @type {readonly import("../state/app_state.js").Theme[]} */
const THEMES = ["system", "light", "dark"];

/** @param {import("../app.js").App} app */
function ThemeSwitch({store, t, signal}) {
  const button = element("button", {
    id: "theme", type: "button", className: "quiet icon-button",
    onclick: () => store.update(({theme}) => ({theme: THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]})),
  });
  store.watch((state) => state.theme, (theme) => {
    button.replaceChildren(icon(theme));
    button.title = t.common.theme[theme];
    button.setAttribute("aria-label", t.common.theme[theme]);
  }, signal);
  return button;
}
