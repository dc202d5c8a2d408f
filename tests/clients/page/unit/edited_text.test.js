import assert from "node:assert/strict";
import {test} from "node:test";

import {commonStyle, normalized, plainText, sliceOf, withBreak, withReading, withStyle, withoutChanges} from
  "../../../../server/http/static/page/text/edited_text.js";
import {parsedSource, placeInText} from "../../../../server/http/static/page/text/source/parsed_source.js";
import {sourceOf, writtenSource} from "../../../../server/http/static/page/text/source/written_source.js";
import {numbers, randomEdited, randomText} from "./random_texts.js";

const next = numbers(7);
const EDITED = Array.from({length: 3000}, () => randomEdited(next));

test("the source of an edited text has all of it, and the place of each character", () => {
  for (const edited of EDITED) {
    const {source, starts} = writtenSource(edited);
    const parsed = parsedSource(source);
    assert.deepEqual(parsed.edited, edited, source);
    assert.ok(parsed.editable, source);
    assert.deepEqual(parsed.starts, starts, source);
    parsed.starts.forEach((start, index) => assert.deepEqual(
      placeInText(parsed, start, parsed.stops[index]), {start: index, stop: index + 1}, source));
  }
});

test("a text without changes is its own source, unless it would be read as markup", () => {
  assert.equal(sourceOf(plainText("你好。\n再见！[注]")), "你好。\n再见！[注]");
  assert.equal(sourceOf(plainText("<speak")), "<speak>&lt;speak</speak>");
  assert.equal(sourceOf(plainText("好[hao3]")), "<speak>好[hao3]</speak>");
});

test("any source is parsed, and its places are in order", () => {
  for (let number = 0; number < 3000; number++) {
    const source = `${number % 2 ? "<speak>" : ""}${randomText(next)}`;
    const {edited, starts, stops} = parsedSource(source);
    assert.equal(edited.text.length, starts.length);
    starts.forEach((start, index) => {
      assert.ok(start <= stops[index] && (index === 0 || starts[index - 1] <= start), source);
    });
  }
});

test("changes", () => {
  const plain = plainText("重庆很大。");
  const marked = withReading(plain, 0, 1, {kind: "pinyin", value: "zhong4"});
  assert.equal(sourceOf(marked), '<speak><phoneme ph="zhong4">重</phoneme>庆很大。</speak>');
  assert.deepEqual(withReading(marked, 0, 1, null), plain);
  const paused = withBreak(plain, 2, "300ms");
  assert.equal(sourceOf(paused), '<speak>重庆<break time="300ms"/>很大。</speak>');
  assert.equal(sourceOf(withBreak(paused, 2, "none")), '<speak>重庆<break strength="none"/>很大。</speak>');
  assert.deepEqual(withBreak(paused, 2, null), plain);
  const happy = withStyle(plain, 2, 4, {emotion: "happy", rate: 1.25, pitch: 2, range: 1.5, volume: 0.8, pauses: 0.5});
  assert.equal(sourceOf(happy), '<speak>重庆<emotion category="happy"><prosody rate="1.25" pitch="+2st" range="150%"'
    + ' volume="80%" pauses="50%">很大</prosody></emotion>。</speak>');
  assert.deepEqual(commonStyle(happy, 2, 4), {
    emotion: "happy", rate: 1.25, pitch: 2, range: 1.5, volume: 0.8, pauses: 0.5,
  });
  assert.deepEqual(commonStyle(happy, 0, 4), {});
  assert.deepEqual(withStyle(happy, 0, 5, {
    emotion: undefined, rate: 1, pitch: 0, range: 1, volume: 1, pauses: 1,
  }), plain);
  assert.deepEqual(withoutChanges(happy, 3, 5).spans.map(({start, stop}) => [start, stop]), [[2, 3]]);
});

test("a style of a part of a reading is that of the whole reading", () => {
  const marked = withReading(plainText("一点儿"), 1, 3, {kind: "pinyin", value: "dianr3"});
  assert.deepEqual(withStyle(marked, 2, 3, {rate: 2}).spans, [{start: 1, stop: 3, style: {rate: 2}}]);
});

test("a break inside of a reading ends the reading", () => {
  const marked = withReading(plainText("一点儿"), 1, 3, {kind: "pinyin", value: "dianr3"});
  assert.deepEqual(withBreak(marked, 2, "1s").readings, []);
});

test("parts of a text are texts, and together the whole", () => {
  for (const edited of EDITED) {
    const {length} = edited.text;
    const middle = [...edited.text].slice(0, [...edited.text].length >> 1).join("").length;
    if (middle === 0 || edited.readings.some(({start, stop}) => start < middle && middle < stop)) continue;
    const parts = [sliceOf(edited, 0, middle), sliceOf(edited, middle, length)];
    const joined = normalized({
      text: parts.map(({text}) => text).join(""),
      readings: [...parts[0].readings, ...parts[1].readings.map((each) => (
        {...each, start: each.start + middle, stop: each.stop + middle}))],
      breaks: [...parts[0].breaks, ...parts[1].breaks.map(({at, value}) => ({at: at + middle, value}))],
      spans: withJoined(parts[0].spans, parts[1].spans, middle),
    });
    assert.deepEqual(joined, edited);
  }
});

/**
 * @param {readonly import("../../../../server/http/static/page/text/edited_text.js").Span[]} left
 * @param {readonly import("../../../../server/http/static/page/text/edited_text.js").Span[]} right
 * @param {number} offset
 */
const withJoined = (left, right, offset) =>
  [...left, ...right.map((each) => ({...each, start: each.start + offset, stop: each.stop + offset}))];

test("markup that the page cannot edit is text that stays as it is", () => {
  for (const source of [
    "<speak>今天<say-as interpret-as='date'>1-2</say-as></speak>", "<speak><voice name='a'>好</voice></speak>",
    "<speak rate='2'>好</speak>", "<speak>好", "<speak><p>好</p></speak>",
    "<speak><prosody rate='quick'>好</prosody></speak>", "<speak><prosody range='+12st'>好</prosody></speak>",
    "<speak><prosody pauses='slow'>好</prosody></speak>", "<speak><prosody contour='1'>好</prosody></speak>",
    "<speak>早<s>好</s></speak>", "<!DOCTYPE a><speak>好</speak>",
  ]) assert.equal(parsedSource(source).editable, false, source);
});

test("SSML of others", () => {
  const {edited, editable} = parsedSource(
    "<?xml version='1.0'?>\n<speak version='1.0' xml:lang='zh-CN'>\n  你&#22909;，<break/>\n"
    + "  <prosody rate='slow' pitch='high' range='x-low'>"
    + "<prosody rate='+100%' range='200%' pauses='2'>世界</prosody></prosody> API\n  test</speak>");
  assert.ok(editable);
  assert.deepEqual(edited, {
    text: "你好，世界 API test", readings: [], breaks: [{at: 3, value: "medium"}],
    spans: [{start: 3, stop: 5, style: {rate: 1.5, pitch: 2, range: 0.8, pauses: 2}}],
  });
});
