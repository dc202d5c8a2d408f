import {element} from "../../../elements.js";
import {wordPinyin} from "../../text/cells.js";
import {edit} from "../../text/edit.js";
import {withReading} from "../../text/edited_text.js";
import {changeWord, usedLexicon} from "../../text/lexicon.js";
import {withToneMarks, writtenPinyin} from "../../text/pinyin.js";
import {PauseField} from "./pause_field.js";

/** @typedef {import("../../text/cells.js").Cell} Cell */

/**
 * What a menu is about: a cell, where its block begins, and the places that it offers for selection.
 *
 * @typedef {object} Chosen
 * @property {Cell} cell
 * @property {number} offset
 * @property {boolean} editable
 * @property {Record<"word" | "sentence" | "block", {start: number, stop: number}>} around In the whole text.
 * @property {{at: number, value: string}} pause
 */

/**
 * The content of the menu of a cell: its reading, the pause after it, and what is selected around it.
 *
 * @param {import("../../app.js").App} app
 * @param {Chosen} chosen
 * @param {() => void} done Closes the menu.
 */
export function ReadingMenu(app, chosen, done) {
  const {t} = app;
  const {cell, editable} = chosen;
  const title = element("p", {className: "menu-title"}, element("strong", {}, cell.text), " ", described(cell));
  if (!editable) return [title, element("p", {className: "muted small"}, t.text.fixed)];
  return [
    title,
    canChoose(cell) ? Readings(app, chosen, done) : Alias(app, chosen, done),
    PauseField(app, {label: t.text.pause, ...chosen.pause, done}),
    Selection(app, chosen, done),
  ];
}

/** @param {Cell} cell */
const canChoose = ({syllables}) => syllables.length === 1 && syllables[0].readings.length > 0;

/**
 * How a cell is read, for people.
 *
 * @param {Cell} cell
 */
export function described({spoken, pinyin, syllables}) {
  const english = syllables.map(({phones}) => phones.join(" ")).join(" · ");
  return [spoken, pinyin ? withToneMarks(pinyin) : english].filter(Boolean).join(" ");
}

/**
 * @param {import("../../app.js").App} app
 * @param {Chosen} chosen
 * @param {() => void} done
 */
function Readings(app, chosen, done) {
  const {t, store} = app;
  const {cell} = chosen;
  const [{readings, pinyin}] = cell.syllables;
  const word = wordPinyin(cell, pinyin ?? "") ? cell.word.text : null;
  const scope = word ? ScopeField(app, word) : null;
  const use = (/** @type {string | null} */ reading) => {
    choose(app, chosen, reading, scope?.querySelector("select")?.value === "always");
    done();
  };
  const buttons = readings.map((reading) => element("button", {
    type: "button", className: "reading-choice", "aria-pressed": reading === pinyin, "data-reading": reading,
    onclick: () => use(reading),
  }, withToneMarks(reading)));
  const isChanged = cell.syllables[0].explicit;
  return element("div", {className: "menu-part"},
    element("div", {className: "reading-choices", role: "group", "aria-label": t.text.readings}, buttons),
    OtherReading(app, use), scope,
    isChanged && element("button", {
      id: "default-reading", type: "button", className: "quiet small", onclick: () => {
        if (word && word in usedLexicon(store.state)) choose(app, chosen, null, true);
        choose(app, chosen, null, false);
        done();
      },
    }, t.text.default));
}

/**
 * @param {import("../../app.js").App} app
 * @param {string} word
 */
function ScopeField({t}, word) {
  return element("div", {className: "menu-field"},
    element("label", {for: "scope"}, t.text.scope),
    element("select", {id: "scope"},
      element("option", {value: "here"}, t.text.here), element("option", {value: "always"}, t.text.always(word))));
}

/**
 * @param {import("../../app.js").App} app
 * @param {(reading: string) => void} use
 */
function OtherReading({t}, use) {
  const input = element("input", {
    id: "other-reading", type: "text", autocomplete: "off", spellcheck: false, placeholder: t.text.otherExample,
    oninput: () => input.setCustomValidity(""),
  });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const pinyin = writtenPinyin(input.value);
    if (pinyin) return use(pinyin);
    input.setCustomValidity(t.text.notPinyin);
    input.reportValidity();
  };
  return element("form", {className: "menu-field", onsubmit: send},
    element("label", {for: "other-reading"}, t.text.other), input,
    element("button", {type: "submit"}, t.text.use));
}

/**
 * Other words for a number or a symbol.
 *
 * @param {import("../../app.js").App} app
 * @param {Chosen} chosen
 * @param {() => void} done
 */
function Alias(app, {cell, offset}, done) {
  const {t, store} = app;
  const {start, stop} = cell;
  const input = element("input", {
    id: "alias", type: "text", autocomplete: "off", maxLength: 200, value: cell.spoken,
    placeholder: t.text.aliasExample,
  });
  const change = (/** @type {string} */ value) => {
    const reading = value ? /** @type {const} */ ({kind: "alias", value}) : null;
    edit(store, (edited) => withReading(edited, offset + start, offset + stop, reading));
    done();
  };
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    change(input.value.trim());
  };
  return element("form", {className: "menu-field", onsubmit: send},
    element("label", {for: "alias"}, t.text.alias), input, element("button", {type: "submit"}, t.text.use),
    element("button", {type: "button", className: "quiet small", onclick: () => change("")}, t.text.default));
}

/**
 * Uses a reading here, or for the word wherever it is; null for the server's own.
 *
 * @param {import("../../app.js").App} app
 * @param {Chosen} chosen
 * @param {string | null} reading
 * @param {boolean} always
 */
function choose({store}, {cell, offset}, reading, always) {
  const [start, stop] = [offset + cell.start, offset + cell.stop];
  if (always) {
    const pinyin = reading === null ? null : wordPinyin(cell, reading);
    changeWord(store, cell.word.text, pinyin);
  }
  const value = always || reading === null ? null : /** @type {const} */ ({kind: "pinyin", value: reading});
  edit(store, (edited) => withReading(edited, start, stop, value));
}

/**
 * @param {import("../../app.js").App} app
 * @param {Chosen} chosen
 * @param {() => void} done
 */
function Selection({store, t}, {around}, done) {
  const labels = {word: t.text.selectWord, sentence: t.text.selectSentence, block: t.text.selectBlock};
  const buttons = /** @type {const} */ (["word", "sentence", "block"]).map((name) => element("button", {
    type: "button", className: "small", "data-select": name, onclick: () => {
      store.update({selection: around[name]});
      done();
    },
  }, labels[name]));
  return element("div", {className: "menu-field", role: "group", "aria-label": t.text.select},
    element("span", {}, t.text.select), buttons);
}
