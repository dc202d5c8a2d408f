// SSML -> the edited text that it writes, as far as the page can edit it.

import {prosodyStyle} from "./prosody_values.js";
import {TextBuilder} from "./text_builder.js";
import {xmlTokens} from "./xml_tokens.js";

/** @typedef {import("../edited_text.js").Style} Style */
/** @typedef {import("./xml_tokens.js").Tag} Tag */

const SSML = /^\s*(?:<!--[\s\S]*?-->\s*)*(?:<\?xml|<!DOCTYPE|<speak(?=[/>\s]|$))/;
const NO_EFFECT = /^(?:xml:|xmlns|xsi:)/;

/** @param {string} source */
export const isSsml = (source) => SSML.test(source);

/**
 * @param {string} source
 * @returns {import("./parsed_source.js").ParsedSource}
 */
export function parseSsml(source) {
  const tokens = xmlTokens(source);
  if (!tokens) {
    const builder = new TextBuilder();
    builder.append(source, 0);
    return builder.build(false);
  }
  return new SsmlReader(tokens).read();
}

class SsmlReader {
  #builder = new TextBuilder();
  #editable = true;
  /** The styles of the open elements. @type {(Style | null)[]} */
  #styles = [null];
  /**
   * The element whose content is read otherwise.
   *
   * @type {{start: number, kind: "pinyin" | "alias", value: string} | null}
   */
  #replaced = null;
  /** White space that may be layout. @type {import("./xml_tokens.js").Text | null} */
  #space = null;

  /** @param {readonly (Tag | import("./xml_tokens.js").Text)[]} tokens */
  constructor(tokens) {
    this.tokens = tokens;
    /** Whether lines are elements, so that line breaks outside of them are the text's. */
    this.hasLines = tokens.some((token) => token.kind === "open" && token.name === "s");
    this.inLine = false;
  }

  read() {
    for (const token of this.tokens) {
      if (token.kind === "text") this.#readText(token);
      else if (token.kind === "close") this.#close(token);
      else this.#open(token);
    }
    return this.#builder.build(this.#editable);
  }

  /** @param {import("./xml_tokens.js").Text} token */
  #readText(token) {
    if (this.#styles.length === 1) return; // around the document
    const isRun = token.stop - token.start === token.text.length;
    if (!isRun) {
      this.#append(token.text, token.start, token.stop);
      return;
    }
    for (const {0: run, index} of token.text.matchAll(/\s*\n\s*|(?:(?!\s*\n)[^])+/g)) {
      const start = token.start + index;
      if (/^\s*\n/.test(run) && this.#isLayout()) this.#space = {...token, text: run, start, stop: start + run.length};
      else this.#append(run, start, start + run.length);
    }
  }

  /** Whether a line break is layout here. */
  #isLayout() {
    return !this.hasLines || this.inLine;
  }

  /**
   * @param {string} text
   * @param {number} start
   * @param {number} stop
   */
  #append(text, start, stop) {
    if (this.hasLines && !this.inLine && text.trim()) this.#editable = false;
    const space = this.#space;
    this.#space = null;
    if (space && /[A-Za-z0-9]$/.test(this.#builder.text) && /^[A-Za-z0-9]/.test(text)) {
      this.#builder.appendUnit(" ", space.start, space.stop, this.#style);
    }
    if (stop - start === text.length) return this.#builder.append(text, start, this.#style);
    for (const unit of text.split("")) this.#builder.appendUnit(unit, start, stop, this.#style);
  }

  get #style() {
    return this.#styles[this.#styles.length - 1];
  }

  /** @param {Tag} tag */
  #open(tag) {
    const {name, attributes} = tag;
    const isRoot = this.#styles.length === 1;
    if (!isKnown(tag) || this.#replaced || (name === "speak") !== isRoot) this.#editable = false;
    if (name === "s") this.#startLine(tag.start);
    if (name === "break") this.#addBreak(attributes);
    if (tag.kind === "empty") return;
    this.#styles.push(this.#styleOf(tag, this.#style));
    if (name === "phoneme") this.#replace("pinyin", attributes.ph);
    if (name === "sub") this.#replace("alias", attributes.alias);
  }

  /**
   * @param {"pinyin" | "alias"} kind
   * @param {string} [value]
   */
  #replace(kind, value = "") {
    this.#replaced = {start: this.#builder.text.length, kind, value: value.trim().replace(/\s+/g, " ")};
  }

  /**
   * @param {Tag} tag
   * @param {Style | null} outer
   */
  #styleOf({name, attributes}, outer) {
    if (name === "emotion") return {...outer, emotion: (attributes.category ?? "").trim()};
    if (name !== "prosody") return outer;
    const style = prosodyStyle(outer ?? {}, attributes);
    if (!style) this.#editable = false;
    return style ?? outer;
  }

  /** @param {Record<string, string>} attributes */
  #addBreak({time, strength}) {
    this.#builder.addBreak((time ?? strength ?? "medium").replace(/[\s+]/g, ""));
  }

  /** @param {number} start */
  #startLine(start) {
    this.inLine = true;
    const {text} = this.#builder;
    if (text && !text.endsWith("\n") && text.trim()) this.#builder.appendUnit("\n", start, start, null);
  }

  /** @param {Tag} tag */
  #close({name}) {
    this.#styles.pop();
    if (name === "s") this.inLine = false;
    if (this.#replaced && (name === "phoneme" || name === "sub")) {
      const {start, kind, value} = this.#replaced;
      const {length} = this.#builder.text;
      this.#replaced = null;
      if (length > start && value) this.#builder.addReading(start, length, kind, value);
      else this.#editable = false;
    }
  }
}

/**
 * Whether an element can be edited with all of its attributes.
 *
 * @param {Tag} tag
 */
function isKnown({name, attributes}) {
  const known = ATTRIBUTES[name];
  return known !== undefined && Object.keys(attributes).every((each) => NO_EFFECT.test(each) || known.includes(each));
}

/** The elements that can be edited, and their attributes. @type {Record<string, string[]>} */
const ATTRIBUTES = {
  speak: ["version"], s: [], break: ["time", "strength"], emotion: ["category"],
  prosody: ["rate", "pitch", "range", "volume", "pauses"], phoneme: ["ph", "alphabet"], sub: ["alias"],
};
