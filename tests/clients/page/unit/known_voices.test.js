import assert from "node:assert/strict";
import {test} from "node:test";

import {UNKNOWN} from "../../../../server/http/static/page/administration/operations_state.js";
import {knownVoices} from "../../../../server/http/static/page/administration/known_voices.js";

const VOICE = {
  id: "demo", name: "demo", sample_rate: 16000, speakers: ["female"], emotions: ["neutral"], license: "CC0",
  default: true, loaded: false,
};
const BROKEN = {id: "cracked", name: "cracked", reason: "decoder.onnx is damaged"};

test("without the right, the voices are those that everyone may see", () => {
  const known = knownVoices({operations: UNKNOWN, voices: [VOICE], broken: [BROKEN]});
  assert.deepEqual(known.map(({id, status, problem}) => [id, status, problem]), [
    ["demo", "unloaded", null], ["cracked", "broken", "decoder.onnx is damaged"],
  ]);
  const {isDefault, rate, license, precision} = known[0];
  assert.deepEqual([isDefault, rate, license, precision], [true, 16000, "CC0", null]);
});

test("administrators see memory, streams, and why a new version is not in service", () => {
  const administration = {
    voices: [{
      id: "demo", status: /** @type {const} */ ("loaded"), default: true, version: "1", precision: "int8",
      license: null, memory_mb: 25.5, streams: 2, problem: "the new version is damaged",
    }],
    memory: {used_mb: 25.5, budget_mb: 0, loads: 1, evictions: 0, waiting: 0},
    conversions: [],
  };
  const [voice] = knownVoices({operations: {...UNKNOWN, administration}, voices: [VOICE], broken: [BROKEN]});
  assert.deepEqual([voice.memory, voice.streams, voice.rate, voice.problem], [
    25.5, 2, 16000, "the new version is damaged",
  ]);
});
