// An edited text as the source that is sent: plain text where nothing is changed, else SSML.

import {isPlain, isSameStyle, stylesOf} from "../edited_text.js";
import {hasMarks} from "./inline_marks.js";
import {prosodyAttributes} from "./prosody_values.js";
import {isSsml} from "./ssml_reader.js";
import {escaped} from "./xml_tokens.js";

/** @typedef {import("../edited_text.js").EditedText} EditedText */
/** @typedef {import("../edited_text.js").Style} Style */

/**
 * A source, and for each UTF-16 unit of the text where it is written.
 *
 * @typedef {object} WrittenSource
 * @property {string} source
 * @property {number[]} starts
 */

/**
 * Writes the source. A line is a sentence of its own (`<s>`), as in plain text.
 *
 * @param {EditedText} edited Normalized.
 * @returns {WrittenSource}
 */
export function writtenSource(edited) {
  const {text} = edited;
  if (isPlain(edited) && !isSsml(text) && !hasMarks(text)) {
    return {source: text, starts: Array.from({length: text.length}, (_, index) => index)};
  }
  return new SsmlWriter(edited).write();
}

/** @param {EditedText} edited */
export const sourceOf = (edited) => writtenSource(edited).source;

class SsmlWriter {
  #source = "<speak>";
  /** @type {number[]} */
  #starts = [];
  /** @type {Style | null} */
  #style = null;

  /** @param {EditedText} edited */
  constructor(edited) {
    this.text = edited.text;
    this.styles = stylesOf(edited);
    this.readings = new Map(edited.readings.map((reading) => [reading.start, reading]));
    this.breaks = new Map(edited.breaks.map(({at, value}) => [at, value]));
  }

  write() {
    const lines = this.text.split("\n");
    let start = 0;
    for (const [number, line] of lines.entries()) {
      if (lines.length > 1) this.#source += "<s>";
      this.#writeLine(start, start + line.length);
      if (lines.length > 1) this.#source += "</s>";
      start += line.length + 1;
      if (number < lines.length - 1) this.#writeText(start - 1, start);
    }
    return {source: `${this.#source}</speak>`, starts: this.#starts};
  }

  /**
   * @param {number} start
   * @param {number} stop
   */
  #writeLine(start, stop) {
    for (let at = start; at < stop;) {
      const style = this.styles[at];
      const changes = !isSameStyle(style, this.#style);
      if (changes) this.#close();
      this.#writeBreak(at);
      if (changes) this.#open(style);
      at = this.#writeReading(at);
    }
    this.#close();
    this.#writeBreak(stop);
  }

  /** @param {number} at */
  #writeBreak(at) {
    const value = this.breaks.get(at);
    if (value === undefined) return;
    this.#source += `<break ${/^[0-9.]/.test(value) ? "time" : "strength"}="${value}"/>`;
  }

  /**
   * Writes a character, or all characters of a reading; returns the position after them.
   *
   * @param {number} at
   */
  #writeReading(at) {
    const reading = this.readings.get(at);
    if (!reading) return this.#writeText(at, at + 1);
    const [name, attribute] = reading.kind === "pinyin" ? ["phoneme", "ph"] : ["sub", "alias"];
    this.#source += `<${name} ${attribute}="${escaped(reading.value)}">`;
    this.#writeText(at, reading.stop);
    this.#source += `</${name}>`;
    return reading.stop;
  }

  /**
   * @param {number} start
   * @param {number} stop
   */
  #writeText(start, stop) {
    for (let at = start; at < stop; at++) {
      this.#starts.push(this.#source.length);
      this.#source += escaped(this.text[at]);
    }
    return stop;
  }

  /** @param {Style | null} style */
  #open(style) {
    this.#style = style;
    if (style?.emotion !== undefined) this.#source += `<emotion category="${escaped(style.emotion)}">`;
    const attributes = Object.entries(prosodyAttributes(style ?? {})).map(([name, value]) => ` ${name}="${value}"`);
    if (attributes.length) this.#source += `<prosody${attributes.join("")}>`;
  }

  #close() {
    if (this.#style && Object.keys(prosodyAttributes(this.#style)).length) this.#source += "</prosody>";
    if (this.#style?.emotion !== undefined) this.#source += "</emotion>";
    this.#style = null;
  }
}
