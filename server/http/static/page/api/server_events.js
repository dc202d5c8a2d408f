// Server-sent events of an answer, each one line of JSON.

/** The connection was closed before the end of the answer. */
export class StreamError extends Error {}

/**
 * The data of the events.
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<any>}
 */
export async function* serverEvents(body, signal) {
  for await (const {data} of numberedEvents(body, signal)) yield data;
}

/**
 * The events with their ids, which are numbers; 0 for one without.
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{number: number, data: any}>}
 */
export async function* numberedEvents(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let number = 0;
  for (;;) {
    const {done, value} = await read(reader, signal);
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id: ")) number = Number(line.slice(4));
      if (line.startsWith("data: ")) yield {number, data: JSON.parse(line.slice(6))};
    }
  }
}

/**
 * @param {ReadableStreamDefaultReader<string>} reader
 * @param {AbortSignal} signal
 */
async function read(reader, signal) {
  try {
    return await reader.read();
  } catch (error) {
    throw signal.aborted ? error : new StreamError(String(error));
  }
}
