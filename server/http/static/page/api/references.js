// The client of /v1/audio/references.

import {getJson, request} from "./client.js";

/**
 * What is measured of a recording; null: cannot be measured. docs/reference-analysis.md describes the figures.
 *
 * @typedef {object} Analysis
 * @property {number} seconds
 * @property {number | null} f0_median
 * @property {number | null} f0_range
 * @property {number | null} syllable_rate
 * @property {number} pause_share
 * @property {number} pause_seconds
 * @property {number} level
 * @property {number | null} signal_to_noise
 * @property {number} clipped_share
 */

/**
 * @typedef {object} KeptReference
 * @property {string} id
 * @property {string} name
 * @property {string} consent
 * @property {string | null} transcript
 * @property {number} created_at Seconds since 1970.
 * @property {number | null} expires_at
 * @property {number} seconds
 * @property {Analysis | null} analysis null: another version of the server measured it.
 * @property {{code: string, message: string}[]} warnings What makes it a bad reference.
 */

/**
 * @typedef {object} ReferenceSettings
 * @property {Record<string, string | number>} settings Fields of a request with the effect of the recording's emotion.
 * @property {number | null} confidence
 * @property {string[]} ignored
 */

const PATH = "v1/audio/references";

/** @returns {Promise<KeptReference[]>} */
export const listReferences = async () => (await getJson(PATH)).data;

/**
 * @param {File} file
 * @param {{name: string, consent: string, transcript: string}} fields
 * @returns {Promise<KeptReference>}
 */
export async function addReference(file, {name, consent, transcript}) {
  const form = new FormData();
  form.set("consent", consent);
  if (name) form.set("name", name);
  if (transcript) form.set("transcript", transcript);
  form.set("file", file);
  return (await request(PATH, {method: "POST", body: form})).json();
}

/** @param {string} id */
export const deleteReference = (id) => request(`${PATH}/${id}`, {method: "DELETE"});

/**
 * What a voice takes over of the emotion of a recording.
 *
 * @param {string} id
 * @param {{voice: string, speaker: string, strength: string}} query
 * @param {AbortSignal} signal
 * @returns {Promise<ReferenceSettings>}
 */
export const referenceSettings = (id, query, signal) =>
  getJson(`${PATH}/${id}/settings?${new URLSearchParams(query)}`, signal);
