// A text with its settings as a link. They are in the fragment of the address, which browsers send to no server.

import {appliedSettings, writtenDown} from "../references/applied_settings.js";
import {writtenPinyin} from "../text/pinyin.js";
import {CONTROLS, initialSettings, positionOf} from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./spoken_history.js").Spoken} Spoken */

/**
 * What a link has. A recording belongs to its client, so that only settings with the effect of its emotion are in it.
 *
 * @typedef {object} Shared
 * @property {string} text
 * @property {Settings} settings
 * @property {import("../text/lexicon.js").Lexicon} readings Of words in the text.
 */

const NAMES = /** @type {const} */ (["voice", "speaker", "emotion"]);
const MAX_READINGS = 200;
const WORD = /^\p{Script=Han}{1,50}$/u;

/**
 * The fragment of the address: `#speak?text=…&voice=…&reading=重庆:zhong4+qing4`.
 *
 * @param {Pick<Spoken, "text" | "settings" | "readings" | "applied">} spoken
 */
export function shareFragment({text, settings, readings = {}, applied = ""}) {
  const written = writtenDown(settings, appliedSettings(applied));
  const query = new URLSearchParams({text});
  for (const name of NAMES) {
    const value = written[name];
    if (value !== null) query.set(name, value);
  }
  for (const {name, initial} of CONTROLS) {
    if (written[name] !== initial) query.set(name, String(written[name]));
  }
  for (const [word, pinyin] of Object.entries(readings).slice(0, MAX_READINGS)) {
    query.append("reading", `${word}:${pinyin}`);
  }
  return `#speak?${query}`;
}

/**
 * What a fragment shares; null if it shares nothing. A value outside of its range is the initial one.
 *
 * @param {string} fragment
 * @returns {Shared | null}
 */
export function readShareFragment(fragment) {
  const mark = fragment.indexOf("?");
  const query = new URLSearchParams(mark < 0 ? "" : fragment.slice(mark + 1));
  const text = query.get("text");
  if (!text) return null;
  const settings = initialSettings();
  for (const name of NAMES) settings[name] = query.get(name);
  for (const control of CONTROLS) {
    const value = query.has(control.name) ? Number(query.get(control.name)) : control.initial;
    const position = positionOf(control, value);
    if (position >= control.min && position <= control.max) settings[control.name] = value;
  }
  return {text, settings, readings: readingsOf(query.getAll("reading"))};
}

/** @param {readonly string[]} written */
function readingsOf(written) {
  const entries = written.slice(0, MAX_READINGS).map((each) => each.split(":"))
    .map(([word, pinyin = ""]) => [word, writtenPinyin(pinyin)]);
  return Object.fromEntries(entries.filter(([word, pinyin]) => pinyin !== null && WORD.test(word ?? "")));
}
