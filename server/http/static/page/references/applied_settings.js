// What a recording changes, written down as plain settings, which work without the recording.

import {CONTROLS} from "../state/settings.js";

/** @typedef {import("../state/settings.js").Settings} Settings */

/**
 * Fields of a request, by their name.
 *
 * @typedef {Readonly<Record<string, string | number>>} Applied
 */

/**
 * What the server says that it applied, `emotion=happy; confidence=0.83; speed=1.1; timbre`, as fields of a request.
 *
 * @param {string} applied
 * @returns {Applied}
 */
export function appliedSettings(applied) {
  const fields = applied.split(";").map((part) => part.trim().split("="))
    .filter(([name, value]) => value !== undefined && name !== "confidence");
  return Object.fromEntries(fields.map(([name, value]) => [name, name === "emotion" ? value : Number(value)]));
}

/**
 * Fields of a request as the server says what it applied.
 *
 * @param {Applied} settings
 */
export const writtenEffect = (settings) =>
  Object.entries(settings).map(([name, value]) => `${name}=${value}`).join("; ");

/**
 * Settings without a recording that have the effect of the one that they have. As on the server, factors of both are
 * multiplied and shifts added, within the range of a setting. Timbre and delivery cannot be written down.
 *
 * @param {Settings} settings
 * @param {Applied} applied
 * @returns {Settings}
 */
export function writtenDown(settings, applied) {
  /** @type {Settings} */
  const written = {...settings, reference: null};
  if (!settings.reference) return written;
  if (typeof applied.emotion === "string") written.emotion = applied.emotion;
  for (const {name, initial, min, max, scale} of CONTROLS) {
    const value = Number(applied[name] ?? initial);
    const combined = initial === 1 ? settings[name] * value : settings[name] + value;
    const [low, high] = scale === "logarithm" ? [2 ** min, 2 ** max] : [min, max];
    written[name] = Number(Math.min(Math.max(combined, low), high).toFixed(4));
  }
  return written;
}
