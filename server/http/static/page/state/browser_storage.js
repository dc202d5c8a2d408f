// What the browser keeps for the next visit. Where it keeps nothing, because it is full, the page works without.

/**
 * @param {Storage} storage
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
 * @param {Storage} storage
 * @param {string} name
 * @param {unknown} value
 */
export function keepStored(storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch (error) {
    console.warn(`${name} is not kept:`, error);
  }
}
