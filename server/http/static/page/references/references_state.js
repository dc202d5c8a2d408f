// What the page knows of the recordings of this client.

/**
 * A recording that is not sent yet.
 *
 * @typedef {object} ReferenceDraft
 * @property {File | null} file
 * @property {string} name
 * @property {string} consent
 * @property {string} transcript
 */

/**
 * @typedef {object} ReferencesState
 * @property {import("../api/references.js").KeptReference[]} list The newest first.
 * @property {boolean} opened Whether the panel was opened, so that the list is needed.
 * @property {boolean} adding Whether the form for a new one is shown.
 * @property {boolean} sending
 * @property {ReferenceDraft} draft
 * @property {Error | null} problem
 * @property {import("../api/references.js").ReferenceSettings | null} effect Of the chosen one on the chosen voice.
 * @property {boolean} comparing Whether the effect is being computed.
 */

/** @type {ReferenceDraft} */
export const EMPTY_RECORDING = {file: null, name: "", consent: "", transcript: ""};

/** @type {ReferencesState} */
export const NO_REFERENCES = {
  list: [], opened: false, adding: false, sending: false, draft: EMPTY_RECORDING, problem: null, effect: null,
  comparing: false,
};
