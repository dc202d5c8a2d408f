import {element} from "../../../elements.js";
import {spanStyleWords} from "../../state/style_words.js";
import {withToneMarks} from "../../text/pinyin.js";

/** @typedef {import("../../text/cells.js").Cell} Cell */
/** @typedef {import("../../text/edited_text.js").EditedText} EditedText */

/**
 * A block that is shown. `edited` is its text alone, so that places in cells and changes fit each other.
 *
 * @typedef {object} Block
 * @property {string} source
 * @property {number} start Of the block in the whole text.
 * @property {import("../../text/source/parsed_source.js").ParsedSource} parsed
 * @property {HTMLElement} element
 * @property {Cell[]} cells Empty until the answer of the server is there.
 * @property {HTMLElement[]} rubies One a cell.
 * @property {boolean} asked
 */

let lastId = 0;

/**
 * Fills a block with its cells: what is read above what is written, breaks between words, warnings at their place.
 *
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {Block} block
 * @param {{cells: Cell[], warnings: import("../../text/cells.js").PlacedWarning[]}} read
 */
export function fillBlock(t, block, {cells, warnings}) {
  const {edited} = block.parsed;
  const children = [];
  let done = 0;
  block.cells = cells;
  block.rubies = cells.map((cell) => ruby(t, cell, edited));
  cells.forEach((cell, index) => {
    children.push(...unread(t, edited.text, done, cell.start, warnings));
    const before = cells[index - 1];
    if (before && before.word !== cell.word || isPaused(edited, done, cell.start)) {
      children.push(gap(t, edited, done, cell.start, before?.breakAfter ?? 0));
    }
    children.push(block.rubies[index]);
    done = cell.stop;
  });
  const end = edited.text.trimEnd().length;
  children.push(...unread(t, edited.text, done, Math.max(done, end), warnings));
  if (cells.length) children.push(gap(t, edited, done, end, 0));
  block.element.replaceChildren(...children, ...warningList(t, edited.text, warnings));
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {Cell} cell
 * @param {EditedText} edited
 */
function ruby(t, cell, {readings, spans}) {
  const style = spanStyleWords(t, spans.find(({start, stop}) => start <= cell.start && cell.start < stop)?.style ?? {});
  const isChanged = readings.some(({start, stop}) => start < cell.stop && stop > cell.start);
  const choices = cell.syllables.length === 1 ? cell.syllables[0].readings.length : 0;
  const about = [isChanged && t.text.changed, choices > 1 && t.text.choices(choices), style];
  return element("ruby", {
    id: `cell-${lastId++}`, className: "cell", role: "option", "aria-selected": "false",
    "aria-description": about.filter(Boolean).join(", "),
    "data-choices": choices > 1 ? "several" : "one", "data-changed": isChanged, "data-styled": style !== "",
    title: style,
  }, cell.text, readAbove(cell));
}

/** @param {Cell} cell */
const readAbove = ({spoken, pinyin}) =>
  element("rt", {className: spoken ? "spoken-form" : ""}, spoken || withToneMarks(pinyin));

/**
 * @param {EditedText} edited
 * @param {number} from
 * @param {number} to
 */
const breakIn = ({breaks}, from, to) => breaks.find(({at}) => from <= at && at <= to);

/**
 * @param {EditedText} edited
 * @param {number} from
 * @param {number} to
 */
const isPaused = (edited, from, to) => breakIn(edited, from, to) !== undefined;

/**
 * The place between two words, after the punctuation: where a pause can be put with the mouse. The menu of a cell has
 * it for the keyboard.
 *
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {EditedText} edited
 * @param {number} from
 * @param {number} at
 * @param {number} level
 */
function gap(t, edited, from, at, level) {
  const own = breakIn(edited, from, at);
  return element("span", {
    className: "gap", "aria-hidden": "true", title: t.text.pauseBefore,
    "data-at": own?.at ?? at, "data-level": level, "data-value": own?.value ?? "",
  }, own ? t.text.pauses[own.value] ?? own.value : "");
}

/**
 * Text that is not read, with its warnings.
 *
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {string} text
 * @param {number} start
 * @param {number} stop
 * @param {readonly import("../../text/cells.js").PlacedWarning[]} warnings
 */
function unread(t, text, start, stop, warnings) {
  const parts = [];
  let done = start;
  for (const warning of warnings) {
    if (warning.start < done || warning.stop > stop) continue;
    parts.push(text.slice(done, warning.start));
    const title = t.text.warnings[warning.code] ?? warning.message;
    parts.push(element("span", {className: "warned", title}, text.slice(warning.start, warning.stop)));
    done = warning.stop;
  }
  return [...parts, text.slice(done, stop)].filter((part) => part !== "");
}

/**
 * @param {import("../../i18n/messages.js").Messages} t
 * @param {string} text
 * @param {readonly import("../../text/cells.js").PlacedWarning[]} warnings
 */
function warningList(t, text, warnings) {
  const lines = new Set(warnings.map(({code, message, start, stop}) => (
    `${text.slice(start, stop)}  ${t.text.warnings[code] ?? message}`)));
  return lines.size ? [element("small", {className: "block-note"}, [...lines].join(" · "))] : [];
}
