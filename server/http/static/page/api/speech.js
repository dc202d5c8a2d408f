// The client of /v1/audio/speech: samples and times while they are computed.

import {ResponseError, post} from "./client.js";
import {StreamError, serverEvents} from "./server_events.js";

/**
 * A part of a text with its time in the audio, in seconds. `start` and `stop` are positions in the request's text, in
 * code points.
 *
 * @typedef {object} Timed
 * @property {string} text
 * @property {number} start
 * @property {number} stop
 * @property {number} begin
 * @property {number} end
 */

/** @typedef {Timed & {characters: Timed[]}} TimedSentence */

/** What was taken over of a reference, and what was not, as the headers say it. */
/** @typedef {{applied: string, ignored: string}} AppliedReference */

/** @typedef {{samples: Int16Array} | {sentence: TimedSentence} | {reference: AppliedReference}} SpeechPart */

/**
 * Requests speech and yields it as it comes: the times of a sentence before its first samples. Rejects with
 * `ResponseError`, `UnreachableError`, `StreamError`, or the reason of the signal.
 *
 * @param {Record<string, unknown>} fields Those of the request; the sampling rate too.
 * @param {AbortSignal} signal Ends the computing.
 * @returns {AsyncGenerator<SpeechPart>}
 */
export async function* streamSpeech(fields, signal) {
  const body = {...fields, response_format: "pcm", stream_format: "sse", timestamps: true};
  const response = await post("v1/audio/speech", body, signal);
  if (fields.reference) yield {reference: appliedReference(response.headers)};
  const decoder = new SampleDecoder();
  const stream = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
  for await (const event of serverEvents(stream, signal)) {
    if (event.type === "speech.audio.delta") yield {samples: decoder.decode(event.audio)};
    else if (event.type === "speech.audio.timestamps") yield {sentence: event.sentence};
    else if (event.type === "speech.audio.done") return;
    else if (event.type === "error") throw errorOf(event.error);
  }
  throw new StreamError("the stream has no end");
}

/**
 * A file of speech, or its subtitles.
 *
 * @param {Record<string, unknown>} fields
 * @param {string} format One of audio, or srt.
 * @param {AbortSignal} [signal]
 */
export async function fetchFile(fields, format, signal) {
  const response = format === "srt"
    ? await post("v1/audio/speech/timestamps", {...fields, format}, signal)
    : await post("v1/audio/speech", {...fields, response_format: format}, signal);
  return response.blob();
}

/** @param {Headers} headers */
const appliedReference = (headers) => ({
  applied: headers.get("X-Reference-Applied") ?? "",
  ignored: decodeURIComponent(headers.get("X-Reference-Ignored") ?? ""),
});

/** @param {{message: string, code?: string | null, param?: string | null}} error */
const errorOf = ({message, code = null, param = null}) => new ResponseError(500, message, code, param);

/** Decodes base64 into samples; a part may end within a sample. */
class SampleDecoder {
  #rest = "";

  /** @param {string} base64 */
  decode(base64) {
    const bytes = this.#rest + atob(base64);
    const samples = new Int16Array(bytes.length >> 1);
    for (let index = 0; index < samples.length; index++) {
      samples[index] = bytes.charCodeAt(2 * index) | (bytes.charCodeAt(2 * index + 1) << 8);
    }
    this.#rest = bytes.slice(2 * samples.length);
    return samples;
  }
}
