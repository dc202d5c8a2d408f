// The client of /v1/audio/jobs.

import {getJson, request} from "./client.js";
import {numberedEvents} from "./server_events.js";

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} name
 * @property {"queued" | "running" | "done" | "failed" | "cancelled" | "expired"} state
 * @property {number} created_at Seconds since 1970.
 * @property {number | null} ended_at
 * @property {number | null} expected_end_at
 * @property {{parts: number, parts_done: number, characters: number, characters_done: number, share: number}} progress
 * @property {string | null} error
 * @property {string | null} waiting
 * @property {{url: string, name: string, media_type: string, size: number, seconds: number, warnings: string[]} | null
 *   } result
 */

const PATH = "v1/audio/jobs";

/**
 * @param {number} limit
 * @param {string} [after] The last id of the page before.
 * @returns {Promise<{data: Job[], has_more: boolean}>}
 */
export const listJobs = (limit, after) =>
  getJson(`${PATH}?${new URLSearchParams({limit: String(limit), ...(after && {after})})}`);

/**
 * @param {{body: string | FormData, headers: Record<string, string>}} job
 * @param {string} key Repeats the request without making the job twice.
 * @returns {Promise<Job>}
 */
export async function createJob({body, headers}, key) {
  const response = await request(PATH, {method: "POST", headers: {...headers, "Idempotency-Key": key}, body});
  return response.json();
}

/**
 * Cancels a job, or forgets one that has ended.
 *
 * @param {string} id
 * @returns {Promise<{deleted: boolean}>}
 */
export const deleteJob = async (id) => (await request(`${PATH}/${id}`, {method: "DELETE"})).json();

/**
 * The changes of a job until it has ended, or the server ends them. Rejects as `request` does, and with `StreamError`.
 *
 * @param {string} id
 * @param {number} last The number of the last event that came; 0 for none.
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{number: number, data: {job: Job}}>}
 */
export async function* jobEvents(id, last, signal) {
  const response = await request(`${PATH}/${id}/events`, {signal, headers: {"Last-Event-ID": String(last)}});
  if (response.body && response.status !== 204) yield* numberedEvents(response.body, signal);
}

/** @param {Job} job */
export const fetchResult = async ({id}) => (await request(`${PATH}/${id}/result`)).blob();

/** @param {Job} job */
export const resultPath = ({id}) => `${PATH}/${id}/result`;

/** @param {Job} job */
export const isFinal = ({state}) => state !== "queued" && state !== "running";
