import {redone, undone} from "../../text/history.js";

/** @typedef {import("./reading_block.js").Block} Block */
/** @typedef {{block: Block, index: number}} CellPlace */

/** The cell that the keyboard is at, and the selection with keyboard and mouse. */
export class ReadingCursor {
  /** Where the cell begins in the whole text. */
  #position = 0;
  /** Where the selection began. @type {number | null} */
  #anchor = null;
  #dragging = false;

  /**
   * @param {import("../../app.js").App} app
   * @param {HTMLElement} list
   * @param {import("./reading_blocks.js").ReadingBlocks} blocks
   * @param {(block: Block, index: number) => void} open Opens the menu of a cell.
   */
  constructor({store, signal}, list, blocks, open) {
    this.store = store;
    this.list = list;
    this.blocks = blocks;
    this.open = open;
    list.addEventListener("keydown", (event) => this.#press(event));
    list.addEventListener("focus", () => this.paint());
    list.addEventListener("pointerdown", (event) => this.#begin(event));
    list.addEventListener("pointermove", (event) => this.#drag(event));
    list.addEventListener("click", (event) => this.#click(event));
    addEventListener("pointerup", () => { this.#anchor = null; }, {signal});
  }

  /** Shows the cell that the keyboard is at. */
  paint() {
    const {list} = this;
    list.querySelector(".active")?.classList.remove("active");
    const cell = this.blocks.cellAt(this.#position);
    list.removeAttribute("aria-activedescendant");
    if (!cell) return;
    const ruby = cell.block.rubies[cell.index];
    ruby.classList.add("active");
    list.setAttribute("aria-activedescendant", ruby.id);
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const cell = event.target instanceof Element && this.blocks.cellOf(event.target);
    this.#dragging = false;
    this.#anchor = cell && event.pointerType === "mouse" && event.button === 0 ? startOf(cell) : null;
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const cell = event.target instanceof Element && this.blocks.cellOf(event.target);
    if (this.#anchor === null || !cell || !(this.#dragging || startOf(cell) !== this.#anchor)) return;
    this.#dragging = true;
    event.preventDefault();
    this.#select(this.#anchor, cell);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const cell = event.target instanceof Element && this.blocks.cellOf(event.target);
    if (!cell || this.#dragging) return;
    this.#position = startOf(cell);
    this.paint();
    this.open(cell.block, cell.index);
  }

  /**
   * @param {number} anchor Where a cell begins.
   * @param {CellPlace} cell
   */
  #select(anchor, cell) {
    const first = this.blocks.cellAt(anchor);
    if (!first) return;
    const [one, other] = [placeOf(first), placeOf(cell)];
    this.#position = other.start;
    this.store.update({selection: {start: Math.min(one.start, other.start), stop: Math.max(one.stop, other.stop)}});
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const control = event.ctrlKey || event.metaKey;
    if (control) return this.#command(event);
    if (event.key === "Escape" && this.store.state.selection) {
      event.stopPropagation();
      this.store.update({selection: null});
    }
    const cell = this.blocks.cellAt(this.#position);
    if (cell) this.#pressAt(cell, event);
  }

  /**
   * @param {CellPlace} cell
   * @param {KeyboardEvent} event
   */
  #pressAt(cell, event) {
    const next = MOVES[event.key]?.(this.blocks.blocks, cell);
    const opens = event.key === "Enter" || event.key === " ";
    if (next || opens) event.preventDefault();
    if (opens) this.open(cell.block, cell.index);
    if (next) this.#move(cell, next, event.shiftKey);
  }

  /**
   * @param {CellPlace} from
   * @param {CellPlace} next
   * @param {boolean} selects
   */
  #move(from, next, selects) {
    this.#anchor = selects ? this.#anchor ?? startOf(from) : null;
    if (this.#anchor !== null) this.#select(this.#anchor, next);
    this.#position = startOf(next);
    this.paint();
    next.block.rubies[next.index].scrollIntoView({block: "nearest"});
  }

  /** @param {KeyboardEvent} event */
  #command(event) {
    const key = event.key.toLowerCase();
    const change = key === "y" || (key === "z" && event.shiftKey) ? redone : key === "z" ? undone : null;
    if (change) this.store.update(change);
    else if (key === "a") this.#selectAll();
    else return;
    event.preventDefault();
  }

  #selectAll() {
    const last = this.blocks.blocks.at(-1);
    if (last) this.store.update({selection: {start: 0, stop: last.start + last.parsed.edited.text.length}});
  }
}

/** @param {CellPlace} cell */
function placeOf({block, index}) {
  const {start, stop} = block.cells[index];
  return {start: block.start + start, stop: block.start + stop};
}

/** @param {CellPlace} cell */
const startOf = (cell) => placeOf(cell).start;

/** @typedef {(blocks: readonly Block[], cell: CellPlace) => CellPlace | null} Move */

/** @type {Record<string, Move>} */
const MOVES = {
  ArrowRight: (blocks, cell) => neighbor(blocks, cell, 1),
  ArrowLeft: (blocks, cell) => neighbor(blocks, cell, -1),
  ArrowDown: (blocks, cell) => inLine(blocks, cell, 1),
  ArrowUp: (blocks, cell) => inLine(blocks, cell, -1),
  Home: (_, {block}) => ({block, index: 0}),
  End: (_, {block}) => ({block, index: block.cells.length - 1}),
};

/**
 * @param {readonly Block[]} blocks
 * @param {CellPlace} cell
 * @param {1 | -1} step
 * @returns {CellPlace | null}
 */
function neighbor(blocks, {block, index}, step) {
  if (index + step in block.cells) return {block, index: index + step};
  const others = step > 0 ? blocks.slice(blocks.indexOf(block) + 1) : blocks.slice(0, blocks.indexOf(block)).reverse();
  const next = others.find(({cells}) => cells.length);
  return next ? {block: next, index: step > 0 ? 0 : next.cells.length - 1} : null;
}

/**
 * The nearest cell in the line below or above.
 *
 * @param {readonly Block[]} blocks
 * @param {CellPlace} from
 * @param {1 | -1} step
 */
function inLine(blocks, from, step) {
  const rect = (/** @type {CellPlace} */ {block, index}) => block.rubies[index].getBoundingClientRect();
  const {left, bottom} = rect(from);
  /** @type {CellPlace | null} */
  let best = null;
  let line = bottom;
  for (let cell = neighbor(blocks, from, step); cell; cell = neighbor(blocks, cell, step)) {
    const place = rect(cell);
    if (Math.abs(place.bottom - bottom) < 4) continue;
    if (best && Math.abs(place.bottom - line) >= 4) break;
    line = place.bottom;
    if (!best || Math.abs(place.left - left) < Math.abs(rect(best).left - left)) best = cell;
  }
  return best;
}
