import assert from "node:assert/strict";
import {test} from "node:test";

import {Store} from "../../../../server/http/static/page/state/store.js";

test("a watcher is called at once, and for changes of what it watches only", () => {
  const store = new Store({text: "a", rate: 1});
  /** @type {string[]} */
  const seen = [];
  store.watch(({text}) => text, (text) => seen.push(text));
  store.update({rate: 2});
  store.update({text: "b"});
  store.update(({text}) => ({text: `${text}c`}));
  assert.deepEqual(seen, ["a", "b", "bc"]);
});

test("a watcher ends with its signal", () => {
  const store = new Store({text: "a"});
  /** @type {string[]} */
  const seen = [];
  const controller = new AbortController();
  store.watch(({text}) => text, (text) => seen.push(text), controller.signal);
  controller.abort();
  store.update({text: "b"});
  assert.deepEqual(seen, ["a"]);
});

test("a patch replaces fields of one part and leaves the others", () => {
  const store = new Store({playback: {status: "idle", received: 0}, text: "a"});
  const {text} = store.state;
  store.patch("playback", {received: 3});
  assert.deepEqual(store.state, {playback: {status: "idle", received: 3}, text});
});

test("a watcher may update the store", () => {
  const store = new Store({text: "a", length: 0});
  store.watch(({text}) => text, (text) => store.update({length: text.length}));
  /** @type {number[]} */
  const lengths = [];
  store.watch(({length}) => length, (length) => lengths.push(length));
  store.update({text: "abc"});
  assert.deepEqual(lengths, [1, 3]);
});
