import assert from "node:assert/strict";
import {test} from "node:test";

import {Timeline, codePointOffsets} from "../../../../server/http/static/page/speech/timeline.js";

/**
 * @param {string} text
 * @param {number} start
 * @param {number} begin
 * @param {number} end
 */
const timed = (text, start, begin, end) => ({text, start, stop: start + [...text].length, begin, end});

test("positions are those of the text in UTF-16, also after a character of two units", () => {
  assert.deepEqual(codePointOffsets("𠮷好"), [0, 2, 3]);
  const timeline = new Timeline();
  const characters = [timed("𠮷", 0, 0.1, 0.3), timed("好", 1, 0.3, 0.6)];
  timeline.add({...timed("𠮷好", 0, 0, 0.8), characters}, codePointOffsets("𠮷好"), 10, 5);
  assert.deepEqual(timeline.characterAt(5.2), {start: 10, stop: 12});
  assert.deepEqual(timeline.characterAt(5.3), {start: 12, stop: 13});
});

test("nothing is marked before, between and after the characters", () => {
  const timeline = new Timeline();
  timeline.add({...timed("一", 0, 0, 1), characters: [timed("一", 0, 0.2, 0.5)]}, [0, 1, 2], 0, 0);
  timeline.add({...timed("二", 1, 1, 2), characters: [timed("二", 1, 1.2, 1.5)]}, [0, 1, 2], 0, 0);
  assert.deepEqual([0, 0.1, 0.5, 1.1, 1.5, 9].map((time) => timeline.characterAt(time)), Array(6).fill(null));
  assert.deepEqual([0, 0.9, 1, 9].map((time) => timeline.sentenceAt(time)), [0, 0, 1, 1]);
});

test("characters of one reading are marked together", () => {
  const timeline = new Timeline();
  const characters = [timed("2", 0, 0.1, 0.4), timed("5", 1, 0.1, 0.4), timed("度", 2, 0.4, 0.6)];
  timeline.add({...timed("25度", 0, 0, 1), characters}, [0, 1, 2, 3], 0, 0);
  assert.deepEqual(timeline.characterAt(0.2), {start: 0, stop: 2});
  assert.deepEqual(timeline.characterAt(0.5), {start: 2, stop: 3});
});
