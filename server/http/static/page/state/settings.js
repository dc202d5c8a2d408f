// How a text is spoken: the values, their ranges, and the choice of a voice. Nothing here changes its arguments.

/** @typedef {import("./app_state.js").Voice} Voice */

/**
 * The fields of a request for speech. `voice` is null until the voices are known.
 *
 * @typedef {object} Settings
 * @property {string | null} voice
 * @property {string | null} speaker
 * @property {string | null} emotion
 * @property {number} speed
 * @property {number} pitch
 * @property {number} pitch_range
 * @property {number} energy
 * @property {number} volume
 * @property {number} pauses
 * @property {Reference | null} reference
 */

/**
 * A recording that the text is spoken like, what of it is taken over, and how much.
 *
 * @typedef {object} Reference
 * @property {string} id
 * @property {ReferenceUse[]} use
 * @property {number} strength 0 to 1.
 */

/** @typedef {"timbre" | "emotion" | "delivery"} ReferenceUse */

/** @typedef {"speed" | "pitch" | "pitch_range" | "energy" | "volume" | "pauses"} ControlName */

/**
 * A slider. Factors are spaced by their logarithm, so that half and double are equally far from 1: `scale` is
 * "logarithm", and `min`, `max` and `step` are powers of two.
 *
 * @typedef {object} Control
 * @property {ControlName} name
 * @property {number} min
 * @property {number} max
 * @property {number} step
 * @property {number} initial The value of the setting.
 * @property {"linear" | "logarithm"} scale
 * @property {"times" | "semitones" | "decibels"} unit
 */

/** @type {readonly Control[]} */
export const CONTROLS = [
  {name: "speed", min: -2, max: 2, step: 0.1, initial: 1, scale: "logarithm", unit: "times"},
  {name: "pitch", min: -12, max: 12, step: 0.5, initial: 0, scale: "linear", unit: "semitones"},
  {name: "pitch_range", min: 0, max: 3, step: 0.05, initial: 1, scale: "linear", unit: "times"},
  {name: "energy", min: -12, max: 12, step: 0.5, initial: 0, scale: "linear", unit: "decibels"},
  {name: "volume", min: 0, max: 4, step: 0.05, initial: 1, scale: "linear", unit: "times"},
  {name: "pauses", min: -2, max: 2, step: 0.1, initial: 1, scale: "logarithm", unit: "times"},
];

/** @returns {Record<ControlName, number>} */
export function initialValues() {
  return /** @type {Record<ControlName, number>} */ (
    Object.fromEntries(CONTROLS.map(({name, initial}) => [name, initial])));
}

/** @returns {Settings} */
export const initialSettings = () => ({voice: null, speaker: null, emotion: null, reference: null, ...initialValues()});

/**
 * The position of a slider for a value of the setting.
 *
 * @param {Control} control
 * @param {number} value
 */
export const positionOf = ({scale}, value) => (scale === "logarithm" ? Math.log2(value) : value);

/**
 * The value of the setting for a position of its slider.
 *
 * @param {Control} control
 * @param {number} position
 */
export const valueAt = ({scale}, position) => Number((scale === "logarithm" ? 2 ** position : position).toFixed(2));

/**
 * The settings with another voice. A speaker and an emotion that it has too are kept.
 *
 * @param {Settings} settings
 * @param {Voice} voice
 * @returns {Settings}
 */
export function withVoice(settings, voice) {
  return {
    ...settings,
    voice: voice.id,
    speaker: kept(settings.speaker, voice.speakers, voice.speakers[0] ?? null),
    emotion: kept(settings.emotion, voice.emotions, defaultEmotion(voice)),
  };
}

/**
 * The settings where the server has these voices: those that it does not have any more are replaced.
 *
 * @param {Settings} settings
 * @param {readonly Voice[]} voices
 * @returns {Settings}
 */
export function fitted(settings, voices) {
  const voice = voices.find(({id}) => id === settings.voice) ?? voices.find((each) => each.default) ?? voices[0];
  return voice ? withVoice(settings, voice) : settings;
}

/**
 * Changes the settings that are shown.
 *
 * @param {import("./app_state.js").AppStore} store
 * @param {Partial<Settings> | Partial<Record<ControlName, number>>} part
 */
export const changeSettings = (store, part) =>
  store.update(({settings, slot}) => ({settings: {...settings, [slot]: {...settings[slot], ...part}}}));

/**
 * Changes the voice of the settings that are shown; nothing where the server does not have it.
 *
 * @param {import("./app_state.js").AppStore} store
 * @param {string} id
 */
export function chooseVoice(store, id) {
  const {settings, slot, voices} = store.state;
  const voice = voices.find((each) => each.id === id);
  if (voice) changeSettings(store, withVoice(settings[slot], voice));
}

/** @param {Voice} voice */
export const defaultEmotion = ({emotions}) => (emotions.includes("neutral") ? "neutral" : emotions[0] ?? null);

/** @typedef {Record<string, string | number | string[]>} RequestFields */

/**
 * The fields of a request: those that the server knows and that say something.
 *
 * @param {Settings} settings
 * @param {ReadonlySet<string>} fields
 * @returns {RequestFields}
 */
export function requestFields(settings, fields) {
  /** @type {RequestFields} */
  const request = {};
  for (const name of /** @type {const} */ (["voice", "speaker", "emotion"])) {
    const value = settings[name];
    if (value !== null) request[name] = value;
  }
  for (const {name, initial} of CONTROLS) {
    if (settings[name] !== initial && fields.has(name)) request[name] = settings[name];
  }
  if (settings.reference && fields.has("reference")) addReference(request, settings.reference);
  return request;
}

/**
 * The emotion is left out where the recording decides it: one that is named would be kept. Only that has a strength.
 *
 * @param {RequestFields} request
 * @param {Reference} reference
 */
function addReference(request, {id, use, strength}) {
  if (use.length) Object.assign(request, {reference: id, reference_use: use});
  if (!use.includes("emotion")) return;
  delete request.emotion;
  request.reference_strength = strength;
}

/**
 * @param {string | null} value
 * @param {readonly string[]} values
 * @param {string | null} otherwise
 */
const kept = (value, values, otherwise) => (value !== null && values.includes(value) ? value : otherwise);
