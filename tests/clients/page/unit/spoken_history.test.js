import assert from "node:assert/strict";
import {test} from "node:test";

import {initialSettings} from "../../../../server/http/static/page/state/settings.js";
import {readHistory, withSpoken} from "../../../../server/http/static/page/state/spoken_history.js";

/** @param {string} text */
const spoken = (text, rest = {}) => ({at: 1, text, settings: {...initialSettings(), ...rest}});

test("what is spoken again comes first, once", () => {
  const history = [spoken("a"), spoken("b")];
  assert.deepEqual(withSpoken(history, {...spoken("b"), at: 2}), [{...spoken("b"), at: 2}, spoken("a")]);
  assert.equal(withSpoken(history, spoken("b", {speed: 2})).length, 3);
});

test("the oldest ones make room", () => {
  let history = Array.from({length: 60}, (_, index) => spoken(`${index}`));
  history = withSpoken(history, spoken("new"));
  assert.equal(history.length, 50);
  assert.equal(history[0].text, "new");
  assert.equal(withSpoken(history, spoken("字".repeat(199_990))).length, 9);
});

test("what the browser has kept is read, and nonsense is nothing", () => {
  /** @param {string | null} value */
  const storage = (value) => /** @type {Storage} */ (/** @type {unknown} */ ({getItem: () => value}));
  assert.deepEqual(readHistory(storage(JSON.stringify([spoken("a"), {text: 1}, null]))), [spoken("a")]);
  for (const value of [null, "", "{", "{}", "3"]) assert.deepEqual(readHistory(storage(value)), []);
});
