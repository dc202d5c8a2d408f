// A text with its settings as a link. They are in the fragment of the address, which browsers send to no server.

import {CONTROLS, initialSettings, positionOf} from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

const NAMES = /** @type {const} */ (["voice", "speaker", "emotion"]);

/**
 * The fragment of the address: `#speak?text=…&voice=…`.
 *
 * @param {string} text
 * @param {Settings} settings References are left out: they belong to their client.
 */
export function shareFragment(text, settings) {
  const query = new URLSearchParams({text});
  for (const name of NAMES) {
    const value = settings[name];
    if (value !== null) query.set(name, value);
  }
  for (const {name, initial} of CONTROLS) {
    if (settings[name] !== initial) query.set(name, String(settings[name]));
  }
  return `#speak?${query}`;
}

/**
 * What a fragment shares; null if it shares nothing. A value outside of its range is the initial one.
 *
 * @param {string} fragment
 * @returns {{text: string, settings: Settings} | null}
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
  return {text, settings};
}
