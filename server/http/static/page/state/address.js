// The view that is shown is the fragment of the address: #speak, #work, #server. A link may bring a text with it.

import {borrowedFrom} from "../text/lexicon.js";
import {fitted} from "./settings.js";
import {readShareFragment} from "./share_link.js";

/** @typedef {import("./app_state.js").ViewName} ViewName */

/** @type {readonly ViewName[]} */
export const VIEWS = ["speak", "work", "server"];

/** @param {string} hash */
export function viewOf(hash) {
  return VIEWS.find((view) => hash.slice(1).split("?")[0] === view) ?? "speak";
}

/** @param {import("./app_state.js").AppStore} store */
export function followAddress(store) {
  const follow = () => {
    takeShared(store, location.hash);
    store.update({view: viewOf(location.hash)});
  };
  addEventListener("hashchange", follow);
  follow();
}

/**
 * Shows what a link shares, and takes it out of the address, so that a reload does not undo what was changed.
 *
 * @param {import("./app_state.js").AppStore} store
 * @param {string} hash
 */
function takeShared(store, hash) {
  const shared = readShareFragment(hash);
  if (!shared) return;
  store.update(({settings, slot, voices, lexicon}) => ({
    text: shared.text, settings: {...settings, [slot]: fitted(shared.settings, voices)},
    borrowed: borrowedFrom(shared.readings, lexicon),
  }));
  history.replaceState(null, "", "#speak");
}
