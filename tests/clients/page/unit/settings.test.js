import assert from "node:assert/strict";
import {test} from "node:test";

import {
  CONTROLS, changeSettings, chooseVoice, fitted, initialSettings, positionOf, requestFields, valueAt, withVoice,
} from "../../../../server/http/static/page/state/settings.js";
import {Store} from "../../../../server/http/static/page/state/store.js";

/**
 * @param {string} id
 * @param {Partial<import("../../../../server/http/static/page/state/app_state.js").Voice>} rest
 */
const voice = (id, rest = {}) => ({
  id, name: id, sample_rate: 16000, speakers: ["female", "male"], emotions: ["neutral", "happy"], license: null,
  default: false, loaded: true, ...rest,
});

test("another voice keeps a speaker and an emotion that it has too", () => {
  const settings = {...initialSettings(), voice: "one", speaker: "male", emotion: "happy", speed: 2};
  assert.deepEqual(withVoice(settings, voice("two")), {...settings, voice: "two"});
  const other = withVoice(settings, voice("three", {speakers: ["M7"], emotions: ["angry", "neutral"]}));
  assert.deepEqual(other, {...settings, voice: "three", speaker: "M7", emotion: "neutral"});
});

test("settings of a voice that is gone are those of the default voice", () => {
  const settings = {...initialSettings(), voice: "gone"};
  assert.equal(fitted(settings, [voice("one"), voice("two", {default: true})]).voice, "two");
  assert.deepEqual(fitted(settings, []), settings);
});

test("a request has what differs from the start and what the server knows", () => {
  const settings = {...withVoice(initialSettings(), voice("one")), speed: 1.5, pitch_range: 2};
  const spoken = {voice: "one", speaker: "female", emotion: "neutral", speed: 1.5};
  assert.deepEqual(requestFields(settings, new Set(["speed", "pitch"])), spoken);
  assert.deepEqual(requestFields(settings, new Set(["speed", "pitch_range"])), {...spoken, pitch_range: 2});
});

test("every position of a slider gives a value, and the initial value has a position", () => {
  for (const control of CONTROLS) {
    assert.equal(valueAt(control, positionOf(control, control.initial)), control.initial);
    for (let position = control.min; position <= control.max; position += control.step) {
      const back = positionOf(control, valueAt(control, position));
      assert.ok(Math.abs(back - position) < control.step / 2, `${control.name} at ${position}`);
    }
  }
});

test("another voice is chosen for the settings as they are now", () => {
  const settings = {a: withVoice(initialSettings(), voice("one")), b: initialSettings()};
  const store = /** @type {any} */ (new Store({settings, slot: "a", voices: [voice("one"), voice("two")]}));
  changeSettings(store, {speed: 2});
  chooseVoice(store, "two");
  assert.deepEqual(store.state.settings, {a: {...settings.a, speed: 2, voice: "two"}, b: settings.b});
  chooseVoice(store, "three");
  assert.equal(store.state.settings.a.voice, "two");
});
