import assert from "node:assert/strict";
import {test} from "node:test";

import {LANGUAGES, messages, preferredLanguage} from "../../../../server/http/static/page/i18n/messages.js";

/**
 * @param {object} value
 * @returns {string[]}
 */
const paths = (value) => Object.entries(value).flatMap(([name, part]) =>
  typeof part === "object" ? paths(part).map((path) => `${name}.${path}`) : [`${name}:${typeof part}`]);

test("both languages say the same things", () => {
  const [first, ...others] = LANGUAGES.map((language) => paths(messages(language)).sort());
  for (const other of others) assert.deepEqual(other, first);
});

test("the language is the first of the browser's that the page has, else English", () => {
  assert.equal(preferredLanguage(["fr-FR", "zh-Hant-TW", "en"]), "zh");
  assert.equal(preferredLanguage(["en-US", "zh-CN"]), "en");
  assert.equal(preferredLanguage(["fr"]), "en");
});
