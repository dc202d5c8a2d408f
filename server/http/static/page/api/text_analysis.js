// The client of /v1/text: how a text is read.

import {post} from "./client.js";

/**
 * A part of the request's text, in code points.
 *
 * @typedef {{text: string, start: number, stop: number}} Written
 *
 * @typedef {Written & {
 *   spoken: string, pinyin: string | null, citation: string | null, phones: string[], explicit: boolean,
 *   readings: string[], break_after: number,
 * }} Syllable
 *
 * @typedef {Written & {syllables: Syllable[]}} Word
 *
 * @typedef {Written & {normalized: string, words: Word[], pause: number | null, symbols: string}} Sentence
 *
 * @typedef {{code: string, message: string, start: number, stop: number}} Warning
 *
 * @typedef {{sentences: Sentence[], warnings: Warning[]}} TextAnalysis
 */

/**
 * @param {Record<string, unknown>} fields
 * @param {AbortSignal} [signal]
 * @returns {Promise<TextAnalysis>}
 */
export const analyzeText = async (fields, signal) => (await post("v1/text", fields, signal)).json();
