// The storage of the browser, for pages that work without it as well.

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} ValueStorage */

/**
 * In place of a storage that the browser blocks: forgotten with the page.
 *
 * @implements {ValueStorage}
 */
export class PageMemory {
  /** @type {Map<string, string>} */
  #values = new Map();

  /** @param {string} name */
  getItem(name) {
    return this.#values.get(name) ?? null;
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setItem(name, value) {
    this.#values.set(name, value);
  }

  /** @param {string} name */
  removeItem(name) {
    this.#values.delete(name);
  }
}

/**
 * Opens a storage. Where the user blocks what sites keep, its name alone throws, or there is none.
 *
 * @param {() => Storage | null} open
 * @returns {ValueStorage}
 */
export function openStorage(open) {
  try {
    return open() ?? new PageMemory();
  } catch {
    return new PageMemory();
  }
}
