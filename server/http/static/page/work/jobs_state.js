// What the page knows of the jobs of this client.

/** @typedef {import("../api/jobs.js").Job} Job */

/**
 * @typedef {object} JobsState
 * @property {Job[]} list The newest first.
 * @property {boolean} loaded Whether the list was fetched.
 * @property {boolean} hasMore Whether the server has older ones.
 * @property {boolean} sending
 * @property {Error | null} refused Why the draft was not taken.
 * @property {Error | null} problem What has gone wrong with the list, or with a job in it.
 */

/** @type {JobsState} */
export const NO_JOBS = {list: [], loaded: false, hasMore: false, sending: false, refused: null, problem: null};
