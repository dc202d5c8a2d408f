// The key of the user, for a server that needs one. The browser forgets it with the tab.

const NAME = "sambert-key";

export const storedKey = () => sessionStorage.getItem(NAME) ?? "";

/** @param {string} key Empty for none. */
export function storeKey(key) {
  if (key) sessionStorage.setItem(NAME, key);
  else sessionStorage.removeItem(NAME);
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
