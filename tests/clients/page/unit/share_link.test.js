import assert from "node:assert/strict";
import {test} from "node:test";

import {writtenDown} from "../../../../server/http/static/page/references/applied_settings.js";
import {viewOf} from "../../../../server/http/static/page/state/address.js";
import {CONTROLS, initialSettings} from "../../../../server/http/static/page/state/settings.js";
import {readShareFragment, shareFragment} from "../../../../server/http/static/page/state/share_link.js";
import {borrowedFrom, entriesIn, usedLexicon} from "../../../../server/http/static/page/text/lexicon.js";

const TEXT = "你好 & 再见？#1\n<speak>100%+\u{1F600}</speak>";

/** @param {import("../../../../server/http/static/page/state/settings.js").ReferenceUse[]} use */
const reference = (...use) => ({id: "ref_1", use, strength: 1});

test("a link has the text, all settings, and readings", () => {
  const settings = {
    ...initialSettings(), voice: "demo", speaker: "female", emotion: "happy",
    ...Object.fromEntries(CONTROLS.map(({name, initial}) => [name, initial + 0.5])),
  };
  const readings = {你好: "ni2 hao3", 再见: "zai4 jian4"};
  const fragment = shareFragment({text: TEXT, settings, readings});
  assert.deepEqual(readShareFragment(fragment), {text: TEXT, settings, readings});
  assert.equal(viewOf(fragment), "speak");
});

test("a recording is not in a link: the settings with its effect are", () => {
  const settings = {...initialSettings(), voice: "demo", emotion: "sad", speed: 1.2, pitch: 1, pauses: 3};
  const applied = "emotion=happy; confidence=0.83; speed=1.1; pitch=-1.5; pauses=2; timbre";
  const link = (/** @type {typeof settings["reference"]} */ used, text = applied) => readShareFragment(shareFragment(
    {text: "好", settings: {...settings, reference: used}, applied: text}))?.settings;
  assert.deepEqual(link(reference("emotion", "timbre")), {
    ...settings, emotion: "happy", speed: 1.32, pitch: -0.5, pauses: 4,
  });
  assert.deepEqual(link(reference("delivery"), "delivery"), settings);
  assert.deepEqual(link(null), settings); // what was applied belongs to a recording
  assert.deepEqual(writtenDown({...settings, reference: reference("emotion")}, {pitch: 12}).pitch, 12);
});

test("an address without a text shares nothing", () => {
  for (const fragment of ["", "#speak", "#work?x=1", "#speak?text="]) assert.equal(readShareFragment(fragment), null);
});

test("values out of their range, or no numbers, are left out", () => {
  const shared = readShareFragment("#speak?text=a&speed=100&pitch=nonsense&volume=-1&energy=6&pauses=0"
    + "&reading=行:xing2&reading=行行&reading=abc:a1&reading=好:nonsense&reading=");
  assert.deepEqual(shared, {text: "a", settings: {...initialSettings(), energy: 6}, readings: {行: "xing2"}});
});

test("readings of a link apply before those of the browser, and only those that differ are borrowed", () => {
  const lexicon = {重庆: "chong2 qing4", 行: "hang2"};
  const borrowed = borrowedFrom({重庆: "chong2 qing4", 行: "xing2", 还: "huan2"}, lexicon);
  assert.deepEqual(borrowed, {行: "xing2", 还: "huan2"});
  assert.deepEqual(usedLexicon({lexicon, borrowed}), {重庆: "chong2 qing4", 行: "xing2", 还: "huan2"});
  assert.equal(usedLexicon({lexicon, borrowed: {}}), lexicon);
  assert.deepEqual(entriesIn(lexicon, "在重庆。"), {重庆: "chong2 qing4"});
  const many = Object.fromEntries(Array.from({length: 1000}, (_, index) => [`字${index}`, "zi4"]));
  const used = usedLexicon({lexicon: many, borrowed});
  assert.equal(Object.keys(used).length, 1000); // as many as a request may have
  assert.equal(used.行, "xing2");
});
