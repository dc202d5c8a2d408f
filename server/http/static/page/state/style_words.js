// Settings in words, as people read them.

import {CONTROLS} from "./settings.js";

/**
 * What differs from the start: `Speed 1.2×`.
 *
 * @param {import("../i18n/messages.js").Messages} t
 * @param {Readonly<Record<string, unknown>>} settings What is left out is as at the start.
 */
export function styleWords(t, settings) {
  return CONTROLS.map(({name, initial, unit}) => ({name, initial, unit, value: Number(settings[name] ?? initial)}))
    .filter(({initial, value}) => value !== initial)
    .map(({name, unit, value}) => `${t.speak.controls[name]} ${t.speak.units[unit](value)}`);
}
