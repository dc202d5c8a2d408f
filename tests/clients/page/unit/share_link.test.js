import assert from "node:assert/strict";
import {test} from "node:test";

import {viewOf} from "../../../../server/http/static/page/state/address.js";
import {CONTROLS, initialSettings} from "../../../../server/http/static/page/state/settings.js";
import {readShareFragment, shareFragment} from "../../../../server/http/static/page/state/share_link.js";

const TEXT = "你好 & 再见？#1\n<speak>100%+\u{1F600}</speak>";

test("a link has the text and all settings but the reference", () => {
  const settings = {
    ...initialSettings(), voice: "demo", speaker: "female", emotion: "happy",
    ...Object.fromEntries(CONTROLS.map(({name, initial}) => [name, initial + 0.5])),
  };
  const reference = {id: "ref_1", use: [/** @type {const} */ ("emotion")], strength: 1};
  const fragment = shareFragment(TEXT, {...settings, reference});
  assert.deepEqual(readShareFragment(fragment), {text: TEXT, settings});
  assert.equal(viewOf(fragment), "speak");
});

test("an address without a text shares nothing", () => {
  for (const fragment of ["", "#speak", "#work?x=1", "#speak?text="]) assert.equal(readShareFragment(fragment), null);
});

test("values out of their range, or no numbers, are left out", () => {
  const shared = readShareFragment("#speak?text=a&speed=100&pitch=nonsense&volume=-1&energy=6&pauses=0");
  assert.deepEqual(shared?.settings, {...initialSettings(), energy: 6});
});
