// What the browser keeps for the next visit. Where it keeps nothing, because it is full or blocked, the page works
// without and says so.

/** @typedef {import("../../web_storage.js").ValueStorage} ValueStorage */

/**
 * @param {ValueStorage} storage
 * @param {string} name
 * @returns {any} Null for nothing, and for what cannot be read.
 */
export function readStored(storage, name) {
  try {
    return JSON.parse(storage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Keeps a value, and notes in the state where there is no room for it.
 *
 * @param {import("./app_state.js").AppStore} store
 * @param {ValueStorage} storage
 * @param {string} name
 * @param {unknown} value
 */
export function keepStored(store, storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch (error) {
    console.warn(`${name} is not kept:`, error);
    store.update({keeping: "full"});
  }
}

/**
 * Calls the listener when another tab has changed a value, and when the page comes back after it was not told of that.
 *
 * @param {string} name
 * @param {() => void} listener
 */
export function onStoredElsewhere(name, listener) {
  addEventListener("storage", ({key}) => (key === name || key === null) && listener());
  addEventListener("pageshow", ({persisted}) => persisted && listener());
}
