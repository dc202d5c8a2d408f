// What the page knows of the server, for those who run it.

/**
 * @typedef {object} Operations
 * @property {import("../api/administration.js").Health | null} health
 * @property {import("../api/administration.js").Administration | null} administration Null: the key may not.
 * @property {boolean} loaded
 * @property {string} message What was done last, in words of the server; empty for nothing.
 * @property {Error | null} problem
 */

/** @type {Operations} */
export const UNKNOWN = {health: null, administration: null, loaded: false, message: "", problem: null};
