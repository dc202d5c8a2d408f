import assert from "node:assert/strict";
import {mock, test} from "node:test";

import {ServerWatch} from "../../../../server/http/static/page/administration/server_watch.js";
import {initialState} from "../../../../server/http/static/page/state/app_state.js";
import {Store} from "../../../../server/http/static/page/state/store.js";
import {fakeBrowser} from "./fake_browser.js";

test("a conversion whose events do not come is asked for with the next look, and not before", async () => {
  mock.timers.enable({apis: ["setTimeout"]});
  const conversions = [{id: "1", status: "running"}];
  const asked = fakeBrowser({
    health: () => ({status: "ready"}),
    "v1/admin/voices": () => ({voices: [], conversions}),
    "v1/admin/voices/conversions/1/events": () => { throw new TypeError("network error"); },
  });
  const storage = /** @type {Storage} */ (/** @type {unknown} */ ({getItem: () => null}));
  const store = new Store({...initialState(storage, ["zh"]), view: /** @type {const} */ ("server")});
  const app = /** @type {any} */ ({store, connection: {check() {}}, signal: new AbortController().signal});
  const looks = () => asked.filter((path) => path === "health").length;
  const settled = async () => { for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate); };
  new ServerWatch(app);
  await settled();
  assert.equal(asked.at(-1), "v1/admin/voices/conversions/1/events");
  assert.equal(looks(), 1);
  mock.timers.tick(5000);
  await settled();
  assert.equal(looks(), 2);
});
