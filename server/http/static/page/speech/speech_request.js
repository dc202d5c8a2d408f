// What is sent for the state of the page.

import {requestFields} from "../state/settings.js";
import {spokenParts} from "../text/blocks.js";
import {sliceOf} from "../text/edited_text.js";
import {usedLexicon} from "../text/lexicon.js";
import {parsedText} from "../text/source/parsed_source.js";
import {writtenSource} from "../text/source/written_source.js";

/** @typedef {import("../state/app_state.js").AppState} AppState */
/** @typedef {import("./utterance.js").TextPart} TextPart */

/** @typedef {Record<string, string | number | string[] | Record<string, string>>} Fields */

/**
 * @typedef {object} SpeechRequest
 * @property {TextPart[]} parts
 * @property {Fields} fields
 * @property {number} rate The sampling rate of the voice, in Hz.
 */

/**
 * @param {Pick<AppState, "text" | "fields" | "voices" | "lexicon" | "borrowed">} state
 * @param {import("../state/settings.js").Settings} settings
 * @returns {SpeechRequest}
 */
export function speechRequest({text, fields, voices, ...readings}, settings) {
  const voice = voices.find(({id}) => id === settings.voice);
  return {
    parts: textParts(text),
    fields: {...requestFields(settings, fields), ...lexiconField(usedLexicon(readings), fields)},
    rate: voice?.sample_rate ?? 16000,
  };
}

/**
 * @param {import("../text/lexicon.js").Lexicon} lexicon
 * @param {ReadonlySet<string>} fields
 * @returns {Record<string, Record<string, string>>}
 */
export const lexiconField = (lexicon, fields) => (
  fields.has("lexicon") && Object.keys(lexicon).length ? {lexicon: {...lexicon}} : {});

/** @param {SpeechRequest} request */
export const keyOf = ({parts, fields, rate}) => JSON.stringify([parts.map(({input}) => input), fields, rate]);

/** The last text and its parts: this is asked often. @type {{text: string, parts: TextPart[]} | null} */
let last = null;

/**
 * The parts of a text, each of some paragraphs. A short text is one, and so is markup that the page cannot edit.
 *
 * @param {string} text
 * @returns {TextPart[]}
 */
export function textParts(text) {
  if (last?.text !== text) last = {text, parts: dividedText(text)};
  return last.parts;
}

/**
 * @param {string} text
 * @returns {TextPart[]}
 */
function dividedText(text) {
  const parsed = parsedText(text);
  const places = spokenParts(parsed.edited.text);
  if (places.length < 2 || !parsed.editable) return [{input: text, positions: null, start: 0}];
  return places.map(({start, stop}) => {
    const {source, starts} = writtenSource(sliceOf(parsed.edited, start, stop));
    return {input: source, positions: positionsOf(source, starts, parsed.starts.slice(start, stop), text), start: 0};
  });
}

/**
 * The places in the whole source of the code points of a part, and of its end.
 *
 * @param {string} source
 * @param {readonly number[]} starts Of the characters of the part, in its source.
 * @param {readonly number[]} wholeStarts Of the same characters, in the whole source.
 * @param {string} whole
 */
function positionsOf(source, starts, wholeStarts, whole) {
  const positions = [];
  let [index, at] = [0, 0];
  for (const {length} of [...source, ""]) {
    while (index < starts.length && starts[index] < at) index++;
    positions.push(wholeStarts[index] ?? Math.min(wholeStarts[wholeStarts.length - 1] + 1, whole.length));
    at += length;
  }
  return positions;
}
