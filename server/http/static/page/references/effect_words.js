// What is taken over of a recording, in words.

import {styleWords} from "../state/style_words.js";
import {appliedSettings} from "./applied_settings.js";

/** @typedef {import("../i18n/messages.js").Messages} Messages */

/**
 * The words for settings: `Happy`, `Speed 1.2×`. Those that change nothing have none.
 *
 * @param {Messages} t
 * @param {import("./applied_settings.js").Applied} settings
 */
export function effectWords(t, settings) {
  const {emotion} = settings;
  const emotions = typeof emotion === "string" ? [t.speak.emotions[emotion] ?? emotion] : [];
  return [...emotions, ...styleWords(t, settings)];
}

/**
 * The words for what the server says that it applied: `emotion=happy; confidence=0.83; speed=1.1; timbre`.
 *
 * @param {Messages} t
 * @param {string} applied
 */
export function appliedWords(t, applied) {
  const parts = applied.split(";").map((part) => part.trim()).filter(Boolean);
  const uses = /** @type {const} */ (["timbre", "delivery"]).filter((use) => parts.includes(use));
  return [...effectWords(t, appliedSettings(applied)), ...uses.map((use) => t.reference.uses[use].name)];
}
