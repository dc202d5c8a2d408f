import assert from "node:assert/strict";
import {test} from "node:test";

import {textParts} from "../../../../server/http/static/page/speech/speech_request.js";
import {blocksOf, spokenParts} from "../../../../server/http/static/page/text/blocks.js";
import {cellsOf, wordPinyin} from "../../../../server/http/static/page/text/cells.js";
import {sliceOf} from "../../../../server/http/static/page/text/edited_text.js";
import {NO_STEPS, recordSteps, redone, undone} from "../../../../server/http/static/page/text/history.js";
import {lexiconYaml, readLexicon, withWord} from "../../../../server/http/static/page/text/lexicon.js";
import {parsedSource} from "../../../../server/http/static/page/text/source/parsed_source.js";
import {withToneMarks, writtenPinyin} from "../../../../server/http/static/page/text/pinyin.js";
import {sourceOf} from "../../../../server/http/static/page/text/source/written_source.js";
import {Store} from "../../../../server/http/static/page/state/store.js";
import {numbers, randomEdited, randomText} from "./random_texts.js";

const next = numbers(11);

test("blocks are the whole text, and end after line breaks and sentences", () => {
  for (let number = 0; number < 500; number++) {
    const text = randomText(next, 400);
    for (const blocks of [blocksOf(text), spokenParts(text)]) {
      assert.equal(blocks.map(({start, stop}) => text.slice(start, stop)).join(""), text);
      assert.ok(blocks.every(({start, stop}) => start < stop));
    }
    for (const {stop} of blocksOf(text).slice(0, -1)) assert.match(text.slice(0, stop), /(?:\n|[。！？!?]["'\]]*)$/);
  }
  assert.deepEqual(blocksOf("甲。\n\n乙。"), [{start: 0, stop: 4}, {start: 4, stop: 6}]);
  assert.deepEqual(spokenParts("甲。\n\n乙。"), [{start: 0, stop: 6}]);
  assert.equal(spokenParts("好的。".repeat(3000)).length, 30);
});

test("parts of a source know their places in it", () => {
  for (let number = 0; number < 200; number++) {
    const source = sourceOf(long(randomEdited(next)));
    const whole = parsedSource(source);
    const parts = textParts(source);
    if (parts.length < 2) continue;
    const found = parts.flatMap(({input, positions}) => {
      const part = parsedSource(input);
      const codePoints = codePointsAt(input);
      return part.starts.map((start) => /** @type {number[]} */ (positions)[codePoints[start]]);
    });
    const seconds = new Set([...whole.edited.text].flatMap((_, index, all) => (
      all[index].length > 1 ? [all.slice(0, index).join("").length + 1] : [])));
    found.forEach((position, index) => seconds.has(index) || assert.equal(position, whole.starts[index], source));
    assert.ok(parts.every(({input, positions}) => positions?.length === [...input].length + 1));
  }
});

/** @param {import("../../../../server/http/static/page/text/edited_text.js").EditedText} edited */
const long = (edited) => ({...edited, text: `${edited.text}\n${"今天😀很好<。".repeat(100)}`});

/**
 * The index of the code point of each UTF-16 unit.
 *
 * @param {string} text
 */
const codePointsAt = (text) => [...text].flatMap((char, index) => Array(char.length).fill(index));

test("markup that the page cannot edit is one part", () => {
  const source = `<speak><voice name="a">${"好。".repeat(500)}</voice></speak>`;
  assert.deepEqual(textParts(source), [{input: source, positions: null, start: 0}]);
});

test("cells are what is read together", () => {
  const source = '<speak>今天<break time="1s"/>25℃😀</speak>';
  const syllable = {phones: [], explicit: false, readings: [], citation: null, break_after: 0};
  const at = (/** @type {string} */ text) => {
    const start = [...source].indexOf([...text][0]);
    return {text, start, stop: start + [...text].length};
  };
  const words = [
    {...at("今天"), syllables: [
      {...syllable, ...at("今"), spoken: "今", pinyin: "jin1"},
      {...syllable, ...at("天"), spoken: "天", pinyin: "tian1", break_after: 2},
    ]},
    {...at("25"), syllables: ["er4", "shi2", "wu3"].map((pinyin, index) => (
      {...syllable, ...at("25"), spoken: "二十五"[index], pinyin, break_after: index === 2 ? 3 : 0}))},
  ];
  const sentences = [{...at("今天25"), normalized: "今天二十五", words, pause: null, symbols: ""}];
  const warnings = [{code: "unread_symbol", message: "", ...at("😀")}];
  const read = cellsOf({sentences, warnings}, source, parsedSource(source));
  const told = read.cells.map(({text, start, stop, spoken, pinyin, breakAfter}) => (
    [text, start, stop, spoken, pinyin, breakAfter]));
  assert.deepEqual(told, [
    ["今", 0, 1, "", "jin1", 0], ["天", 1, 2, "", "tian1", 2], ["25", 2, 4, "二十五", "er4 shi2 wu3", 3],
  ]);
  assert.equal(read.cells[0].word, read.cells[1].word);
  assert.deepEqual(read.warnings.map(({start, stop}) => [start, stop]), [[5, 7]]);
  assert.equal(wordPinyin(read.cells[1], "tian2"), "jin1 tian2");
  assert.equal(wordPinyin(read.cells[2], "er4"), null);
});

test("pinyin with marks and with digits", () => {
  const pairs = [
    ["chong2 qing4", "chóng qìng"], ["lv4", "lǜ"], ["dianr3", "diǎnr"], ["gou3", "gǒu"], ["guo2", "guó"],
    ["liu2", "liú"], ["gui4", "guì"], ["xiong2", "xióng"], ["nve4", "nüè"], ["hao3", "hǎo"], ["er2", "ér"],
  ];
  for (const [digits, marks] of pairs) {
    assert.equal(withToneMarks(digits), marks);
    assert.equal(writtenPinyin(marks), digits);
    assert.equal(writtenPinyin(digits), digits);
  }
  assert.equal(withToneMarks("de5"), "de");
  assert.equal(writtenPinyin(" NÜ3  hai2 "), "nv3 hai2");
  for (const wrong of ["", "chong", "chong6", "重", "a1b"]) assert.equal(writtenPinyin(wrong), null);
});

test("the lexicon of the browser and of config.yaml", () => {
  const lexicon = withWord(withWord({}, "重阳镇", "chong2 yang2 zhen4"), "行", "xing2");
  assert.equal(lexiconYaml(lexicon), "text:\n  lexicon:\n    重阳镇: chong2 yang2 zhen4\n    行: xing2\n");
  assert.deepEqual(withWord(lexicon, "行", null), {重阳镇: "chong2 yang2 zhen4"});
  const stored = (/** @type {string | null} */ value) => readLexicon(
    /** @type {Storage} */ (/** @type {unknown} */ ({getItem: () => value})));
  assert.deepEqual(stored(JSON.stringify({行: "xing2", 好: 3})), {行: "xing2"});
  for (const value of [null, "{", "null"]) assert.deepEqual(stored(value), {});
});

test("undo and redo", () => {
  const store = /** @type {import("../../../../server/http/static/page/state/app_state.js").AppStore} */ (
    /** @type {unknown} */ (new Store({text: "a", steps: NO_STEPS})));
  let time = 0;
  recordSteps(store, () => time);
  const write = (/** @type {string} */ text, /** @type {number} */ later) => {
    time += later;
    store.update({text});
    return store.state.text;
  };
  const step = (/** @type {typeof undone} */ change) => {
    store.update(change);
    return store.state.text;
  };
  write("ab", 5000);
  write("abc", 100);
  write("abc pasted", 100);
  assert.equal(step(undone), "abc");
  assert.equal(step(undone), "a");
  assert.equal(step(undone), "a");
  assert.equal(step(redone), "abc");
  assert.equal(step(redone), "abc pasted");
  assert.equal(step(redone), "abc pasted");
  step(undone);
  write("other", 5000);
  assert.equal(step(redone), "other");
  assert.equal(step(undone), "abc");
});

test("a part of an edited text keeps what is changed in it", () => {
  const {edited} = parsedSource('<speak>甲<break time="1s"/><phoneme ph="yi3">乙</phoneme>丙</speak>');
  assert.equal(sourceOf(sliceOf(edited, 1, 3)), '<speak><phoneme ph="yi3">乙</phoneme>丙</speak>');
  assert.equal(sourceOf(sliceOf(edited, 0, 1)), '<speak>甲<break time="1s"/></speak>');
});
