// The view that is shown is the fragment of the address: #speak, #work, #server.

/** @typedef {import("./app_state.js").ViewName} ViewName */

/** @type {readonly ViewName[]} */
export const VIEWS = ["speak", "work", "server"];

/** @param {string} hash */
export function viewOf(hash) {
  return VIEWS.find((view) => hash.slice(1).split("?")[0] === view) ?? "speak";
}

/** @param {import("./app_state.js").AppStore} store */
export function followAddress(store) {
  const follow = () => store.update({view: viewOf(location.hash)});
  addEventListener("hashchange", follow);
  follow();
}
