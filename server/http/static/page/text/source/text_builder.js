// Builds an edited text from its source, from left to right.

import {normalized, spansOf} from "../edited_text.js";

/** @typedef {import("../edited_text.js").Style} Style */

export class TextBuilder {
  text = "";
  /** Where the characters begin that have no reading of their own yet. */
  unmarked = 0;
  /** @type {number[]} */
  #starts = [];
  /** @type {number[]} */
  #stops = [];
  /** @type {(Style | null)[]} */
  #styles = [];
  /** @type {import("../edited_text.js").Reading[]} */
  #readings = [];
  /** @type {Map<number, string>} */
  #breaks = new Map();

  /**
   * Appends text that the source has unchanged from `start` on.
   *
   * @param {string} text
   * @param {number} start
   * @param {Style | null} [style]
   */
  append(text, start, style = null) {
    for (let at = start; at < start + text.length; at++) this.appendUnit(text[at - start], at, at + 1, style);
  }

  /**
   * Appends a UTF-16 unit for a part of the source.
   *
   * @param {string} unit
   * @param {number} start
   * @param {number} stop
   * @param {Style | null} style
   */
  appendUnit(unit, start, stop, style) {
    this.text += unit;
    this.#starts.push(start);
    this.#stops.push(stop);
    this.#styles.push(style);
  }

  /** @param {string} value */
  addBreak(value) {
    this.#breaks.set(this.text.length, value);
    this.unmarked = this.text.length;
  }

  /**
   * @param {number} start
   * @param {number} stop
   * @param {"pinyin" | "alias"} kind
   * @param {string} value
   */
  addReading(start, stop, kind, value) {
    this.#readings.push({start, stop, kind, value});
    this.unmarked = this.text.length;
  }

  /**
   * @param {boolean} editable
   * @returns {import("./parsed_source.js").ParsedSource}
   */
  build(editable) {
    const edited = normalized({
      text: this.text,
      readings: this.#readings,
      breaks: [...this.#breaks].map(([at, value]) => ({at, value})),
      spans: spansOf(this.#styles),
    });
    return {edited, editable, starts: this.#starts, stops: this.#stops};
  }
}
