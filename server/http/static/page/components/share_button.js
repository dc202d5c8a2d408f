import {element} from "../../elements.js";
import {shareFragment} from "../state/share_link.js";

/** @typedef {Pick<import("../state/spoken_history.js").Spoken, "text" | "settings" | "readings" | "applied">} Spoken */

/**
 * A button that copies a link, and the place that says what the link has. Where the browser lets no page copy, the link
 * is shown there.
 *
 * @param {import("../app.js").App} app
 * @param {string} label
 * @param {() => Spoken} spoken What the link is of.
 */
export function ShareButton({t}, label, spoken) {
  const place = element("div", {role: "status", className: "share-status small"});
  const share = async () => {
    const shared = spoken();
    const link = new URL(shareFragment(shared), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      place.replaceChildren(element("p", {}, t.work.copied, " ", holds(t, shared)));
    } catch {
      const field = element("input", {type: "text", readOnly: true, value: link, "aria-label": t.work.link});
      place.replaceChildren(field, element("p", {}, holds(t, shared)));
      field.select();
    }
  };
  return {button: element("button", {type: "button", className: "share", onclick: share}, label), place};
}

/**
 * What the link has, and what it has not.
 *
 * @param {import("../i18n/messages.js").Messages} t
 * @param {Spoken} spoken
 */
function holds(t, {settings: {reference}, readings = {}, applied}) {
  const words = t.work.linkHolds(Object.keys(readings).length);
  if (!reference?.use.length) return words;
  const lost = reference.use.filter((use) => use !== "emotion" || !applied).map((use) => t.reference.uses[use].name);
  return `${words} ${t.work.linkLacks(reference.use.includes("emotion") && Boolean(applied), lost)}`;
}
