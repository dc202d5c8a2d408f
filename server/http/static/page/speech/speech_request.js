// What is sent for the state of the page.

import {requestFields} from "../state/settings.js";

/** @typedef {import("../state/app_state.js").AppState} AppState */

/**
 * @typedef {object} SpeechRequest
 * @property {import("./utterance.js").TextPart[]} parts
 * @property {Record<string, string | number>} fields
 * @property {number} rate The sampling rate of the voice, in Hz.
 */

/**
 * @param {Pick<AppState, "text" | "fields" | "voices">} state
 * @param {import("../state/settings.js").Settings} settings
 * @returns {SpeechRequest}
 */
export function speechRequest({text, fields, voices}, settings) {
  const voice = voices.find(({id}) => id === settings.voice);
  return {
    parts: [{input: text, positions: null, start: 0}],
    fields: requestFields(settings, fields),
    rate: voice?.sample_rate ?? 16000,
  };
}

/** @param {SpeechRequest} request */
export const keyOf = ({parts, fields, rate}) => JSON.stringify([parts, fields, rate]);
