import {element} from "../../../elements.js";
import {parsedText, placeInText} from "../../text/source/parsed_source.js";
import {PauseField} from "./pause_field.js";
import {Popover} from "./popover.js";
import {ReadingBlocks} from "./reading_blocks.js";
import {ReadingCursor} from "./reading_cursor.js";
import {ReadingMenu} from "./reading_menu.js";

/** @typedef {{start: number, stop: number}} Place */
/** @typedef {import("./reading_block.js").Block} Block */

/**
 * The text as the server reads it. A click on a character or Enter opens its menu, a click between words that of a
 * pause; dragging, or Shift with arrow keys, selects.
 *
 * @param {import("../../app.js").App} app
 */
export function ReadingView(app) {
  const {store, t, signal} = app;
  const list = element("div", {
    id: "reading", className: "reading", role: "listbox", tabIndex: 0, "aria-multiselectable": "true",
    "aria-label": t.text.readingLabel,
  });
  const popover = Popover("reading-menu");
  const blocks = new ReadingBlocks(app, list, () => paint());
  const open = (/** @type {Block} */ block, /** @type {number} */ index) =>
    openMenu(app, blocks, popover, block, index);
  const cursor = new ReadingCursor(app, list, blocks, open);
  const paint = () => {
    paintSelection(blocks, store.state.selection);
    cursor.paint();
  };

  list.addEventListener("click", ({target}) => {
    const gap = target instanceof Element ? target.closest(".gap") : null;
    if (gap instanceof HTMLElement && blocks.editable) openPause(app, blocks, popover, gap);
  });
  store.watch(shown, () => {
    if (store.state.textMode === "reading") blocks.show(store.state.text);
    paint();
  }, signal);
  store.watch((state) => state.selection, paint, signal);
  store.watch((state) => state.connection.status, (status) => status === "ready" && blocks.retry(), signal);
  followSpeech(app, list, blocks);
  return element("div", {className: "reading-view"}, list, popover.element);
}

/**
 * What decides how the text is read.
 *
 * @param {import("../../state/app_state.js").AppState} state
 */
const shown = ({text, textMode, settings, slot, lexicon, borrowed, fields}) => {
  const {voice, speaker, emotion} = settings[slot];
  return JSON.stringify([text, textMode, voice, speaker, emotion, lexicon, borrowed, fields.size]);
};

/**
 * @param {import("../../app.js").App} app
 * @param {ReadingBlocks} blocks
 * @param {ReturnType<typeof Popover>} popover
 * @param {Block} block
 * @param {number} index
 */
function openMenu(app, blocks, popover, block, index) {
  const cell = block.cells[index];
  const next = block.cells[index + 1];
  const {text, breaks} = block.parsed.edited;
  const end = next ? next.start : text.trimEnd().length;
  const own = breaks.find(({at}) => cell.stop <= at && at <= end);
  const inBlock = ({start, stop} = {start: 0, stop: text.trimEnd().length}) => (
    {start: block.start + start, stop: block.start + stop});
  const chosen = {
    cell, offset: block.start, editable: blocks.editable,
    pause: {at: block.start + (own?.at ?? end), value: own?.value ?? ""},
    around: {word: inBlock(cell.word), sentence: inBlock(sentenceAround(text, cell.start)), block: inBlock()},
  };
  popover.open(block.rubies[index], app.t.text.menu(cell.text), ReadingMenu(app, chosen, popover.close));
}

/**
 * @param {string} text
 * @param {number} position
 * @returns {Place}
 */
function sentenceAround(text, position) {
  for (const {index, 0: sentence} of text.matchAll(/[^。！？!?\n]+[。！？!?]*[”’」』》）)】"']*/g)) {
    if (position < index + sentence.length) return {start: index, stop: index + sentence.length};
  }
  return {start: 0, stop: text.length};
}

/**
 * @param {import("../../app.js").App} app
 * @param {ReadingBlocks} blocks
 * @param {ReturnType<typeof Popover>} popover
 * @param {HTMLElement} gap
 */
function openPause(app, blocks, popover, gap) {
  const block = blocks.blocks.find((each) => each.element === gap.closest(".block"));
  if (!block) return;
  const label = app.t.text.pauseBefore;
  const field = {label, at: block.start + Number(gap.dataset.at), value: gap.dataset.value ?? "", done: popover.close};
  popover.open(gap, label, [PauseField(app, field)]);
}

/**
 * @param {ReadingBlocks} blocks
 * @param {Place | null} selection
 */
function paintSelection({blocks}, selection) {
  for (const {start: offset, cells, rubies} of blocks) {
    cells.forEach(({start, stop}, index) => {
      const selected = selection !== null && offset + start < selection.stop && offset + stop > selection.start;
      rubies[index].setAttribute("aria-selected", String(selected));
    });
  }
}

/**
 * Marks the cells that sound, and scrolls to them.
 *
 * @param {import("../../app.js").App} app
 * @param {HTMLElement} list
 * @param {ReadingBlocks} blocks
 */
function followSpeech({store, signal}, list, blocks) {
  /** @type {Element[]} */
  let marked = [];
  store.watch(({playback, textMode}) => (textMode === "reading" ? playback.spoken : null), (spoken) => {
    for (const each of marked) each.classList.remove("sounding");
    marked = [];
    const {text} = store.state;
    if (!spoken || store.state.playback.text !== text) return;
    const {start, stop} = placeInText(parsedText(text), spoken.start, spoken.stop);
    for (let cell = blocks.cellAt(start); cell && cell.block.start + cell.block.cells[cell.index].start < stop;
      cell = blocks.cellAt(cell.block.start + cell.block.cells[cell.index].stop)) {
      marked.push(cell.block.rubies[cell.index]);
    }
    for (const each of marked) each.classList.add("sounding");
    if (marked.length) follow(list, marked[0]);
  }, signal);
}

/**
 * @param {HTMLElement} list
 * @param {Element} cell
 */
function follow(list, cell) {
  const [{top, bottom}, frame] = [cell.getBoundingClientRect(), list.getBoundingClientRect()];
  if (top < frame.top || bottom > frame.bottom) list.scrollTop += top - frame.top - frame.height / 3;
}
