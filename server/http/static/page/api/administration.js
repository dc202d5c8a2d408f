// The client of what operators use: /health and /v1/admin/voices.

import {ResponseError, UnreachableError, getJson, post, request} from "./client.js";
import {authorization} from "../../key.js";
import {serverEvents} from "./server_events.js";

/**
 * @typedef {object} Health
 * @property {string} status
 * @property {string | null} reason
 * @property {string | null} provider
 * @property {string | null} fallback
 * @property {Record<string, {precision: string, reason: string}>} precision
 * @property {number} voices
 * @property {number} broken
 * @property {{streams: number, capacity: number | null, queue: number, share: number, late_chunks: number,
 *   workers: number}} load
 * @property {{running: number, queued: number, characters: number} | null} jobs Of all clients; null: not known.
 * @property {string} version
 */

/**
 * @typedef {object} AdministeredVoice
 * @property {string} id
 * @property {"loaded" | "unloaded" | "broken"} status
 * @property {boolean} default
 * @property {string | null} version
 * @property {string | null} precision
 * @property {string | null} license
 * @property {number} memory_mb
 * @property {number} streams
 * @property {string | null} problem
 */

/**
 * @typedef {object} Conversion
 * @property {string} id
 * @property {string} source
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} status
 * @property {string | null} step
 * @property {string[]} voices
 * @property {string[]} notes
 * @property {string | null} error
 */

/**
 * @typedef {object} Administration
 * @property {AdministeredVoice[]} voices
 * @property {{used_mb: number, budget_mb: number, loads: number, evictions: number, waiting: number}} memory
 * @property {Conversion[]} conversions
 */

const PATH = "v1/admin/voices";

/**
 * The health, also of a server that is stuck (503).
 *
 * @param {AbortSignal} signal
 * @returns {Promise<Health>}
 */
export async function fetchHealth(signal) {
  let response;
  try {
    response = await fetch("health", {signal, headers: authorization()});
  } catch (error) {
    if (signal.aborted) throw error;
    throw new UnreachableError(String(error));
  }
  const body = await response.json();
  if (body.error) throw new ResponseError(response.status, body.error.message, body.error.code, null);
  return body;
}

/**
 * Rejects with `ResponseError` 401 or 403 where the key may not.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<Administration>}
 */
export const fetchAdministration = (signal) => getJson(PATH, signal);

/**
 * @param {{source: string, name?: string, precision: string[], replace: boolean}} wanted
 * @returns {Promise<Conversion>}
 */
export const convertVoice = async (wanted) => (await post(PATH, wanted)).json();

/** @returns {Promise<{added: string[], replaced: string[], removed: string[], broken: Record<string, string>}>} */
export const reloadVoices = async () => (await request(`${PATH}/reload`, {method: "POST"})).json();

/** @param {string} id */
export const removeVoice = (id) => request(`${PATH}/${encodeURIComponent(id)}`, {method: "DELETE"});

/** @param {string} id */
export const cancelConversion = (id) => request(`${PATH}/conversions/${id}`, {method: "DELETE"});

/**
 * The steps of a conversion, from the first one to its end.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{type: "conversion.step", step: string} | {type: "conversion.end", conversion: Conversion}>}
 */
export async function* conversionEvents(id, signal) {
  const response = await request(`${PATH}/conversions/${id}/events`, {signal});
  if (response.body) yield* serverEvents(response.body, signal);
}
