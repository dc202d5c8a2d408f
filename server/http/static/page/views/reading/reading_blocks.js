import {element} from "../../../elements.js";
import {UnreachableError} from "../../api/client.js";
import {problemWords} from "../../components/problem.js";
import {blocksOf} from "../../text/blocks.js";
import {cellsOf} from "../../text/cells.js";
import {sliceOf} from "../../text/edited_text.js";
import {parsedSource, parsedText} from "../../text/source/parsed_source.js";
import {sourceOf} from "../../text/source/written_source.js";
import {fillBlock} from "./reading_block.js";

/** @typedef {import("./reading_block.js").Block} Block */

/** Around what is seen, where blocks are prepared too. */
const MARGIN = "600px";

/** The blocks of a text. A block is analyzed when it comes near to what is seen, and kept while it is equal. */
export class ReadingBlocks {
  /** @type {Block[]} */
  blocks = [];
  editable = true;
  /** What changes the reading, besides the text. */
  #key = "";

  /**
   * @param {import("../../app.js").App} app
   * @param {HTMLElement} list
   * @param {() => void} changed Called when cells are there.
   */
  constructor(app, list, changed) {
    this.app = app;
    this.list = list;
    this.changed = changed;
    this.observer = new IntersectionObserver((entries) => {
      for (const {isIntersecting, target} of entries) if (isIntersecting) this.#ask(this.#blockOf(target));
    }, {root: list, rootMargin: MARGIN});
    app.signal.addEventListener("abort", () => this.observer.disconnect(), {once: true});
  }

  /** @param {string} source */
  show(source) {
    const parsed = parsedText(source);
    const {key} = this.app.analyzer;
    /** @type {Map<string, Block[]>} */
    const kept = this.#key === key ? grouped(this.blocks) : new Map();
    this.#key = key;
    this.editable = parsed.editable;
    const {text} = parsed.edited;
    const places = parsed.editable ? blocksOf(text) : [{start: 0, stop: text.length}];
    this.blocks = places.map(({start, stop}) => {
      const part = parsed.editable ? sourceOf(sliceOf(parsed.edited, start, stop)) : source;
      const block = kept.get(part)?.shift() ?? this.#newBlock(part);
      block.start = start;
      return block;
    });
    for (const unused of kept.values()) for (const block of unused) this.observer.unobserve(block.element);
    this.list.replaceChildren(...this.blocks.map((block) => block.element));
    for (const block of this.blocks) if (!block.asked) this.observer.observe(block.element);
  }

  /** Asks again for what could not be read. */
  retry() {
    for (const block of this.blocks) {
      if (block.element.dataset.state !== "offline") continue;
      block.asked = false;
      this.observer.unobserve(block.element);
      this.observer.observe(block.element);
    }
  }

  /**
   * The cell of an element, with its block.
   *
   * @param {Element} target
   */
  cellOf(target) {
    const ruby = target.closest(".cell");
    const block = ruby && this.#blockOf(/** @type {Element} */ (ruby.closest(".block")));
    return block ? {block, index: block.rubies.indexOf(/** @type {HTMLElement} */ (ruby))} : null;
  }

  /**
   * The first cell that ends after a position of the whole text.
   *
   * @param {number} position
   */
  cellAt(position) {
    for (const block of this.blocks) {
      const index = block.cells.findIndex(({stop}) => block.start + stop > position);
      if (index >= 0) return {block, index};
    }
    return null;
  }

  /**
   * @param {string} source
   * @returns {Block}
   */
  #newBlock(source) {
    const parsed = parsedSource(source);
    const place = element("div", {className: "block", role: "group", "data-state": "waiting"}, textOf(parsed));
    return {source, start: 0, parsed, element: place, cells: [], rubies: [], asked: false};
  }

  /** @param {Element} target */
  #blockOf(target) {
    return this.blocks.find((block) => block.element === target);
  }

  /** @param {Block | undefined} block */
  async #ask(block) {
    if (!block || block.asked) return;
    block.asked = true;
    this.observer.unobserve(block.element);
    if (!block.parsed.edited.text.trim()) return;
    const outcome = await this.app.analyzer.analyze(block.source);
    if (this.app.signal.aborted) return;
    if ("error" in outcome) return this.#fail(block, outcome.error);
    block.element.dataset.state = "read";
    fillBlock(this.app.t, block, cellsOf(outcome.analysis, block.source, block.parsed));
    this.changed();
  }

  /**
   * @param {Block} block
   * @param {Error} error
   */
  #fail(block, error) {
    const {t, connection} = this.app;
    const offline = error instanceof UnreachableError;
    block.element.dataset.state = offline ? "offline" : "failed";
    const note = offline ? t.text.offline : t.text.failed(problemWords(t, error));
    block.element.replaceChildren(
      textOf(block.parsed), element("small", {className: "block-note error", title: error.message}, note));
    if (offline) connection.check();
  }
}

/** @param {import("../../text/source/parsed_source.js").ParsedSource} parsed */
const textOf = ({edited}) => edited.text.replace(/\n$/, "");

/**
 * The blocks by their source, in order.
 *
 * @param {readonly Block[]} blocks
 */
function grouped(blocks) {
  /** @type {Map<string, Block[]>} */
  const groups = new Map();
  for (const block of blocks) groups.set(block.source, [...(groups.get(block.source) ?? []), block]);
  return groups;
}
