import assert from "node:assert/strict";
import {test} from "node:test";

import {StreamError, serverEvents} from "../../../../server/http/static/page/api/server_events.js";

/** @param {Uint8Array<ArrayBuffer>[]} parts */
const streamOf = (parts) => new ReadableStream({
  start(controller) {
    for (const part of parts) controller.enqueue(part);
    controller.close();
  },
});

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream */
async function eventsOf(stream) {
  const events = [];
  for await (const event of serverEvents(stream, new AbortController().signal)) events.push(event);
  return events;
}

test("events are the same wherever the answer is cut", async () => {
  const bytes = new TextEncoder().encode('data: {"text": "你好"}\n\ndata: {"text": "b"}\n\n');
  for (let cut = 0; cut <= bytes.length; cut++) {
    const stream = streamOf([bytes.slice(0, cut), bytes.slice(cut)]);
    assert.deepEqual(await eventsOf(stream), [{text: "你好"}, {text: "b"}], `cut at ${cut}`);
  }
});

test("a connection that breaks is an error of its own", async () => {
  const broken = new ReadableStream({start: (controller) => controller.error(new TypeError("network error"))});
  await assert.rejects(eventsOf(broken), StreamError);
});
