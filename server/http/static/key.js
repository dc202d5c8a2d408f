// The key of the user, for a server that needs one. The browser forgets it with the tab.

import {openStorage} from "./web_storage.js";

const NAME = "sambert-key";

/** @type {import("./web_storage.js").ValueStorage | null} */
let opened = null;

/** The storage of this tab; where the browser blocks it, the key is forgotten with the page. */
const storage = () => (opened ??= openStorage(() => sessionStorage));

export const storedKey = () => storage().getItem(NAME) ?? "";

/** @param {string} key Empty for none. */
export function storeKey(key) {
  if (key) storage().setItem(NAME, key);
  else storage().removeItem(NAME);
}

/**
 * The headers of a request: with the key, if there is one.
 *
 * @returns {Record<string, string>}
 */
export function authorization() {
  const key = storedKey();
  return key ? {Authorization: `Bearer ${key}`} : {};
}

/**
 * Fills the field with the key, and keeps each change of it.
 *
 * @param {HTMLInputElement} input
 */
export function keepKey(input) {
  input.value = storedKey();
  input.addEventListener("change", () => storeKey(input.value.trim()));
}
