// A job that is not sent yet, and the request that it becomes.

import {lexiconField} from "../speech/speech_request.js";
import {requestFields} from "../state/settings.js";
import {firstWords} from "../text/first_words.js";

/** @typedef {"lines" | "text" | "srt" | "ssml" | "jsonl"} JobKind */

/**
 * @typedef {object} JobDraft
 * @property {string} text
 * @property {File | null} file In place of the text.
 * @property {JobKind | null} kind Null: as the text or the file looks.
 * @property {"file" | "zip" | null} output Null: as usual for the kind.
 * @property {string} format Of the audio.
 * @property {"" | "srt" | "vtt" | "json" | "textgrid"} timestamps Files with times; empty for none.
 * @property {string} name
 */

/** @type {JobDraft} */
export const EMPTY_DRAFT = {text: "", file: null, kind: null, output: null, format: "mp3", timestamps: "", name: ""};

/** @type {readonly JobKind[]} */
export const KINDS = ["lines", "text", "srt", "ssml", "jsonl"];

export const FILE_SUFFIXES = [".txt", ".md", ".srt", ".ssml", ".xml", ".jsonl", ".ndjson"];

/** @type {Record<string, JobKind>} */
const KIND_OF_SUFFIX = {srt: "srt", ssml: "ssml", xml: "ssml", jsonl: "jsonl", ndjson: "jsonl"};

/** Characters; longer lines are the paragraphs of one text. */
const LONGEST_LINE = 120;
const LONGEST_NAME = 200;
const CUE = /^\s*(\d+\s*\n)?\s*\d+:\d\d:\d\d[,.]\d+\s*-->/;

/**
 * What the draft has: as chosen, else as its file is named or its text looks.
 *
 * @param {Pick<JobDraft, "kind" | "file" | "text">} draft
 * @returns {JobKind}
 */
export function kindOf({kind, file, text}) {
  if (kind) return kind;
  return file ? KIND_OF_SUFFIX[file.name.toLowerCase().split(".").at(-1) ?? ""] ?? "text" : kindOfText(text);
}

/**
 * @param {string} text
 * @returns {JobKind}
 */
function kindOfText(text) {
  if (/^\s*<speak[\s>]/.test(text)) return "ssml";
  if (CUE.test(text)) return "srt";
  const lines = linesOf(text);
  if (lines.length && lines.every((line) => /^\s*\{.*\}\s*$/.test(line))) return "jsonl";
  return lines.length > 1 && lines.every((line) => line.length <= LONGEST_LINE) ? "lines" : "text";
}

/** @param {string} text */
export const linesOf = (text) => text.split(/\r?\n/).filter((line) => line.trim());

/** @param {JobDraft} draft */
export const outputOf = (draft) => draft.output ?? (/^(lines|jsonl)$/.test(kindOf(draft)) ? "zip" : "file");

/**
 * As its user has named it, else as its file, else by its first words.
 *
 * @param {JobDraft} draft
 */
export function nameOf(draft) {
  const {name, file, text} = draft;
  if (name.trim()) return name.trim();
  if (file) return file.name.replace(/\.[^.]*$/, "").slice(0, LONGEST_NAME);
  return /^(srt|jsonl)$/.test(kindOf(draft)) ? "" : firstWords(text);
}

/** @param {JobDraft} draft */
export const isEmpty = ({file, text}) => !file && !text.trim();

/**
 * The body of the request, and its headers.
 *
 * @param {JobDraft} draft
 * @param {import("../state/settings.js").Settings} settings
 * @param {ReadonlySet<string>} known The fields that the server knows for a job.
 * @param {import("../text/lexicon.js").Lexicon} lexicon The readings that apply.
 * @returns {{body: string | FormData, headers: Record<string, string>}}
 */
export function jobRequest(draft, settings, known, lexicon) {
  const fields = {...fieldsOf(draft, settings, known), ...lexiconField(lexicon, known)};
  if (!draft.file) {
    const text = kindOf(draft) === "lines"
      ? {lines: linesOf(draft.text)} : {input: draft.text, kind: kindOf(draft)};
    return {body: JSON.stringify({...text, ...fields}), headers: {"Content-Type": "application/json"}};
  }
  const form = new FormData();
  for (const [name, value] of Object.entries({kind: kindOf(draft), ...fields})) {
    form.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  form.set("file", draft.file);
  return {body: form, headers: {}};
}

/**
 * Jobs take over the emotion of a reference only.
 *
 * @param {JobDraft} draft
 * @param {import("../state/settings.js").Settings} settings
 * @param {ReadonlySet<string>} known
 */
function fieldsOf(draft, settings, known) {
  const {format, timestamps} = draft;
  const name = nameOf(draft);
  const {reference_use: use, ...fields} = requestFields(settings, known);
  if (!Array.isArray(use) || !use.includes("emotion")) {
    delete fields.reference;
    delete fields.reference_strength;
  }
  return {
    ...fields,
    response_format: format,
    output: outputOf(draft),
    ...(timestamps && {timestamps}),
    ...(name && {name}),
  };
}
