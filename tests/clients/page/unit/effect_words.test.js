import assert from "node:assert/strict";
import {test} from "node:test";

import {decibels} from "../../../../server/http/static/page/audio/recorder.js";
import {messages} from "../../../../server/http/static/page/i18n/messages.js";
import {appliedWords, effectWords} from "../../../../server/http/static/page/references/effect_words.js";
import {initialSettings, requestFields} from "../../../../server/http/static/page/state/settings.js";

const FIELDS = new Set(["reference"]);

test("what was applied is said in the words of the page", () => {
  const t = messages("zh");
  const applied = "emotion=happy; confidence=0.83; speed=1.1; energy=-2; timbre; delivery";
  assert.deepEqual(appliedWords(t, applied), ["高兴", "语速 1.1 倍", "力度 -2 dB", "音色", "韵律"]);
  assert.deepEqual(appliedWords(t, ""), []);
});

test("settings that change nothing are not mentioned, and an emotion without a word has its name", () => {
  const settings = {emotion: "whisper", speed: 1, pitch: 0, energy: 0, pitch_range: 1.5, pauses: 1};
  assert.deepEqual(effectWords(messages("en"), settings), ["whisper", "Intonation 1.5×"]);
});

test("the recording decides the emotion of a request where it is used for that", () => {
  const settings = {...initialSettings(), voice: "demo", emotion: "happy"};
  /** @param {import("../../../../server/http/static/page/state/settings.js").ReferenceUse[]} use */
  const request = (...use) => requestFields({...settings, reference: {id: "ref_1", use, strength: 0.5}}, FIELDS);
  assert.deepEqual(request("emotion"), {
    voice: "demo", reference: "ref_1", reference_use: ["emotion"], reference_strength: 0.5,
  });
  assert.deepEqual(request("delivery"), {
    voice: "demo", emotion: "happy", reference: "ref_1", reference_use: ["delivery"],
  });
  assert.deepEqual(request(), {voice: "demo", emotion: "happy"});
  assert.deepEqual(requestFields({...settings, reference: {id: "ref_1", use: ["emotion"], strength: 1}}, new Set()), {
    voice: "demo", emotion: "happy",
  });
});

test("the level of samples is that of their mean square", () => {
  assert.equal(decibels(new Float32Array(4)), -100);
  assert.ok(Math.abs(decibels(new Float32Array([0.1, -0.1])) + 20) < 1e-6);
});
