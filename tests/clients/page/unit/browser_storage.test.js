import assert from "node:assert/strict";
import {test} from "node:test";

import {keepStored, readStored} from "../../../../server/http/static/page/state/browser_storage.js";
import {initialState} from "../../../../server/http/static/page/state/app_state.js";

/** @param {Partial<Storage>} methods */
const storage = (methods) => /** @type {Storage} */ (methods);

test("nonsense in the browser is nothing, and the page begins as for the first time", () => {
  for (const value of [null, "", "{", "null", "3", "[]"]) {
    assert.equal(initialState(storage({getItem: () => value}), ["zh"]).rate, 1);
  }
  assert.equal(readStored(storage({getItem: () => "{"}), "name"), null);
});

test("a browser that is full keeps nothing", (context) => {
  const warn = context.mock.method(console, "warn", () => {});
  const full = storage({setItem: () => { throw new DOMException("full", "QuotaExceededError"); }});
  keepStored(full, "name", {});
  assert.equal(warn.mock.callCount(), 1);
});
