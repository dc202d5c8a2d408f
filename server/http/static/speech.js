// The client of the HTTP API: requests speech and yields its samples while they arrive.

import {authorization} from "./key.js";

/** An error response; the message is that of the server. */
export class ResponseError extends Error {}

/** The connection was closed before the end of the speech. */
export class StreamError extends Error {}

/** Requests speech. Resolves at the first audio to {rate, samples: async iterator of Int16Array}. */
export async function requestSpeech(request, signal) {
  const response = await fetch("v1/audio/speech", {
    method: "POST",
    headers: {"Content-Type": "application/json", ...authorization()},
    body: JSON.stringify({...request, response_format: "pcm"}),
    signal,
  });
  if (!response.ok) throw new ResponseError(await errorMessage(response));
  const rate = Number(/rate=(\d+)/.exec(response.headers.get("Content-Type"))[1]);
  return {rate, samples: readSamples(response.body, signal)};
}

/** Returns the message of an error response. */
export async function errorMessage(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `HTTP ${response.status}`;
  }
}

async function* readSamples(body, signal) {
  const reader = body.getReader();
  let rest = new Uint8Array(0); // the first byte of a sample whose second byte has not arrived
  for (;;) {
    let next;
    try {
      next = await reader.read();
    } catch (error) {
      throw signal.aborted ? error : new StreamError(error.message);
    }
    if (next.done) return;
    const bytes = new Uint8Array(rest.length + next.value.length);
    bytes.set(rest);
    bytes.set(next.value, rest.length);
    const complete = bytes.length - (bytes.length % 2);
    rest = bytes.slice(complete);
    if (complete) yield new Int16Array(bytes.buffer, 0, complete / 2);
  }
}
