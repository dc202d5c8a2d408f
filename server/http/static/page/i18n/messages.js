// What the page says, in Chinese and English. Each subject has a file; both languages of it are side by side.

import {common} from "./common.js";
import {errorCodes} from "./error_codes.js";
import {speak} from "./speak.js";
import {reference} from "./reference.js";
import {text} from "./text.js";
import {work} from "./work.js";
import {server} from "./server.js";

/** @typedef {"zh" | "en"} Language */

/** @type {readonly Language[]} */
export const LANGUAGES = ["zh", "en"];

const SUBJECTS = {common, errorCodes, speak, reference, text, work, server};

/** @typedef {ReturnType<typeof messages>} Messages */

/**
 * The messages of a language, by subject: `t.speak.play`. A message with values is a function.
 *
 * @param {Language} language
 */
export function messages(language) {
  return {
    common: SUBJECTS.common[language],
    errorCodes: SUBJECTS.errorCodes[language],
    speak: SUBJECTS.speak[language],
    reference: SUBJECTS.reference[language],
    text: SUBJECTS.text[language],
    work: SUBJECTS.work[language],
    server: SUBJECTS.server[language],
  };
}

/**
 * The language that the browser prefers among those of the page.
 *
 * @param {readonly string[]} preferred As `navigator.languages`.
 * @returns {Language}
 */
export function preferredLanguage(preferred) {
  for (const tag of preferred) {
    const language = LANGUAGES.find((each) => tag.toLowerCase().startsWith(each));
    if (language) return language;
  }
  return "en";
}
