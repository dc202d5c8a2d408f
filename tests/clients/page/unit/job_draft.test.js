import assert from "node:assert/strict";
import {test} from "node:test";

import {initialSettings} from "../../../../server/http/static/page/state/settings.js";
import {
  EMPTY_DRAFT, isEmpty, jobRequest, kindOf, nameOf, outputOf,
} from "../../../../server/http/static/page/work/job_draft.js";

const KNOWN = new Set(["speed", "pitch"]);
const SETTINGS = {...initialSettings(), voice: "demo", speaker: "male", emotion: "happy", speed: 1.5};

test("the kind of a text is what it looks like, until one is chosen", () => {
  /** @type {[string, string][]} */
  const texts = [
    ["你好。", "text"],
    ["你好。\n再见。", "lines"],
    [`${"很长的一段。".repeat(30)}\n再见。`, "text"],
    ["1\n00:00:01,000 --> 00:00:02,000\n你好", "srt"],
    ["00:00:01.000 --> 00:00:02.000\n你好", "srt"],
    ["<speak>你好</speak>", "ssml"],
    ['{"input": "你好"}\n\n{"input": "再见"}', "jsonl"],
    ["{笑}你好\n再见", "lines"],
  ];
  for (const [text, kind] of texts) assert.equal(kindOf({...EMPTY_DRAFT, text}), kind, text);
  assert.equal(kindOf({...EMPTY_DRAFT, text: "你好。\n再见。", kind: "text"}), "text");
});

test("the kind of a file follows its name", () => {
  const files = {"一.SRT": "srt", "a.b.jsonl": "jsonl", "x.xml": "ssml", "book.txt": "text", "x": "text"};
  for (const [name, kind] of Object.entries(files)) {
    assert.equal(kindOf({...EMPTY_DRAFT, file: new File(["你好"], name)}), kind);
  }
});

test("lines become files in a ZIP, other things one file", () => {
  assert.equal(outputOf({...EMPTY_DRAFT, text: "一\n二"}), "zip");
  assert.equal(outputOf({...EMPTY_DRAFT, text: "一"}), "file");
  assert.equal(outputOf({...EMPTY_DRAFT, text: "一\n二", output: "file"}), "file");
});

test("a text is sent as JSON with the settings that jobs know", () => {
  const reference = {id: "ref_1", use: [/** @type {const} */ ("delivery")], strength: 1}; // for live speech only
  const settings = {...SETTINGS, energy: 3, reference};
  const known = new Set([...KNOWN, "reference"]);
  const {body, headers} = jobRequest({...EMPTY_DRAFT, text: "一。\n\n二。\n", name: " 数 "}, settings, known, {});
  assert.deepEqual(headers, {"Content-Type": "application/json"});
  assert.deepEqual(JSON.parse(/** @type {string} */ (body)), {
    lines: ["一。", "二。"], voice: "demo", speaker: "male", emotion: "happy", speed: 1.5, response_format: "mp3",
    output: "zip", name: "数",
  });
});

test("the tone of a reference is that of the job", () => {
  const reference = {id: "ref_1", use: [/** @type {const} */ ("emotion")], strength: 0.5};
  const {body} = jobRequest({...EMPTY_DRAFT, text: "一。"}, {...SETTINGS, reference}, new Set(["reference"]), {});
  const {reference: id, reference_strength: strength, reference_use: use, emotion} =
    JSON.parse(/** @type {string} */ (body));
  assert.deepEqual([id, strength, use, emotion], ["ref_1", 0.5, undefined, undefined]);
});

test("a file is sent as a form", () => {
  const file = new File(["1"], "film.srt");
  const draft = /** @type {const} */ ({...EMPTY_DRAFT, file, timestamps: "vtt"});
  const {body, headers} = jobRequest(draft, SETTINGS, new Set([...KNOWN, "lexicon"]), {"重": "zhong4"});
  assert.deepEqual(headers, {});
  const form = /** @type {FormData} */ (body);
  assert.equal(form.get("kind"), "srt");
  assert.equal(form.get("speed"), "1.5");
  assert.equal(form.get("timestamps"), "vtt");
  assert.equal(form.get("lexicon"), '{"重":"zhong4"}');
  assert.equal(/** @type {File} */ (form.get("file")).name, "film.srt");
});

test("a job without a name has that of its file, or its first words", () => {
  const file = new File(["1"], "电影.一.srt");
  assert.equal(nameOf({...EMPTY_DRAFT, file, name: " 我的 "}), "我的");
  assert.equal(nameOf({...EMPTY_DRAFT, file}), "电影.一");
  assert.equal(nameOf({...EMPTY_DRAFT, text: "<speak>第一句，很长<break/>的一句话，还没有完。</speak>"}), "第一句很长的一句话还没有完");
  assert.equal(nameOf({...EMPTY_DRAFT, text: "1\n00:00:01,000 --> 00:00:02,000\n你好"}), "");
  assert.equal(nameOf(EMPTY_DRAFT), "");
  assert.equal(JSON.parse(String(jobRequest({...EMPTY_DRAFT, text: "一。"}, SETTINGS, KNOWN, {}).body)).name, "一");
});

test("blanks are nothing to speak", () => {
  assert.ok(isEmpty({...EMPTY_DRAFT, text: " \n "}));
  assert.ok(!isEmpty({...EMPTY_DRAFT, file: new File([], "a.txt")}));
});
