// Prints plain texts and the SSML that the page writes for them, as JSON, for a test of what the server reads.

import {plainText, withReading} from "../../../../server/http/static/page/text/edited_text.js";
import {writtenSource} from "../../../../server/http/static/page/text/source/written_source.js";
import {numbers, randomText} from "./random_texts.js";

const next = numbers(5);
const LAST = "\n好。";

/** A change in a line of its own makes SSML of the text. @param {string} text */
function pair(text) {
  const {length} = text + LAST;
  const edited = withReading(plainText(text + LAST), length - 2, length - 1, {kind: "pinyin", value: "hao3"});
  return {plain: edited.text, ...writtenSource(edited)};
}

const texts = Array.from({length: Number(process.argv[2])}, () => randomText(next).replace(/\[|<speak>/g, ""));
process.stdout.write(JSON.stringify(texts.map(pair)));
