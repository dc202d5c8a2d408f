import assert from "node:assert/strict";
import {test} from "node:test";

import {keepStored, readStored} from "../../../../server/http/static/page/state/browser_storage.js";
import {initialState} from "../../../../server/http/static/page/state/app_state.js";
import {Store} from "../../../../server/http/static/page/state/store.js";
import {PageMemory, openStorage} from "../../../../server/http/static/web_storage.js";

/** @param {Partial<Storage>} methods */
const storage = (methods) => /** @type {Storage} */ (methods);

test("nonsense in the browser is nothing, and the page begins as for the first time", () => {
  for (const value of [null, "", "{", "null", "3", "[]"]) {
    assert.equal(initialState(storage({getItem: () => value}), ["zh"]).rate, 1);
  }
  assert.equal(readStored(storage({getItem: () => "{"}), "name"), null);
});

test("a browser that is full keeps nothing, and the page says so", (context) => {
  const warn = context.mock.method(console, "warn", () => {});
  const full = storage({getItem: () => null, setItem: () => { throw new DOMException("full", "QuotaExceededError"); }});
  const store = new Store(initialState(full, ["zh"]));
  assert.equal(store.state.keeping, "kept");
  keepStored(store, full, "name", {});
  assert.equal(warn.mock.callCount(), 1);
  assert.equal(store.state.keeping, "full");
});

test("where the browser blocks its storage, the page remembers until it is closed, and says so", () => {
  const refuses = () => { throw new DOMException("blocked", "SecurityError"); };
  for (const memory of [openStorage(refuses), openStorage(() => null)]) {
    assert.ok(memory instanceof PageMemory);
    const store = new Store(initialState(memory, ["zh"]));
    assert.equal(store.state.keeping, "blocked");
    keepStored(store, memory, "name", [1]);
    assert.deepEqual(readStored(memory, "name"), [1]);
    memory.removeItem("name");
    assert.equal(readStored(memory, "name"), null);
  }
});
