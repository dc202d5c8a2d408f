import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {ServerConnection} from "../../../../server/http/static/page/api/connection.js";
import {initialState} from "../../../../server/http/static/page/state/app_state.js";
import {Store} from "../../../../server/http/static/page/state/store.js";
import {fakeBrowser} from "./fake_browser.js";

test("with another key, what belongs to the client before is gone", async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  fakeBrowser({"v1/audio/voices": () => ({voices: []})});
  const storage = /** @type {Storage} */ (/** @type {unknown} */ ({getItem: () => null}));
  const store = new Store(initialState(storage, ["zh"]));
  const kept = /** @type {any} */ ({id: "ref_1", name: "mine"});
  const job = /** @type {any} */ ({id: "job_1", name: "mine"});
  store.update({fields: new Set(["input"])});
  store.patch("references", {list: [kept], opened: true});
  store.patch("jobs", {list: [job], loaded: true});
  await new ServerConnection(store).useKey("sk-another");
  const {references, jobs, operations, connection} = store.state;
  assert.deepEqual([references.list, jobs.list, operations.administration], [[], [], null]);
  assert.deepEqual([references.opened, connection.status], [true, "ready"]);
});
