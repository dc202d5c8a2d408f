// The voices, from what the page may know of them.

/**
 * @typedef {object} KnownVoice
 * @property {string} id
 * @property {"loaded" | "unloaded" | "broken"} status
 * @property {boolean} isDefault
 * @property {string | null} problem
 * @property {string | null} precision
 * @property {string | null} license
 * @property {number | null} rate Hz.
 * @property {number} memory MiB; 0: not known.
 * @property {number} streams
 */

/**
 * All that administrators may know, else what everyone may.
 *
 * @param {Pick<import("../state/app_state.js").AppState, "operations" | "voices" | "broken">} state
 * @returns {KnownVoice[]}
 */
export function knownVoices({operations: {administration, health}, voices, broken}) {
  const nothing = {problem: null, precision: null, license: null, rate: null, memory: 0, streams: 0};
  if (administration) {
    return administration.voices.map(({memory_mb: memory, default: isDefault, ...voice}) => ({
      ...nothing, ...voice, isDefault, memory, rate: voices.find(({id}) => id === voice.id)?.sample_rate ?? null,
    }));
  }
  return [
    ...voices.map(({id, loaded, default: isDefault, license, sample_rate: rate}) => ({
      ...nothing, id, status: /** @type {"loaded" | "unloaded"} */ (loaded ? "loaded" : "unloaded"), isDefault, license,
      rate, precision: health?.precision[id]?.precision ?? null,
    })),
    ...broken.map(({id, reason}) => ({
      ...nothing, id, status: /** @type {const} */ ("broken"), isDefault: false, problem: reason,
    })),
  ];
}
