// The `openai` package from npm, unchanged. Prints what it received as JSON; the first argument is the server's URL.

import OpenAI from "openai";
import {Stream} from "openai/core/streaming";

const [url, text] = process.argv.slice(2);
const client = new OpenAI({baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0});
const speech = {model: "gpt-4o-mini-tts", voice: "alloy", input: text};
const results = {};

const plain = await client.audio.speech.create({model: "tts-1", voice: "alloy", input: text});
results.plain = Buffer.from(await plain.arrayBuffer()).toString("base64");
results.plainType = plain.headers.get("content-type");

results.formats = {};
for (const format of ["mp3", "opus", "aac", "flac", "wav", "pcm"]) {
  const response = await client.audio.speech.create({...speech, response_format: format});
  results.formats[format] = Buffer.from(await response.arrayBuffer()).toString("base64");
}

// Computed while it is read: the answers above are in the cache of the server.
const computed = {headers: {"Cache-Control": "no-store"}};
const streamed = await client.audio.speech.create({...speech, response_format: "pcm"}, computed);
results.chunks = [];
for await (const chunk of streamed.body) results.chunks.push(chunk.length);

const events = await client.audio.speech.create({...speech, response_format: "pcm", stream_format: "sse"});
results.events = [];
for await (const event of Stream.fromSSEResponse(events, new AbortController())) results.events.push(event);

const own = await client.audio.speech.create({...speech, instructions: "用悲伤的语气慢一点，像海盗", seed: 7, timestamps: false});
results.applied = own.headers.get("x-instructions-applied");
results.ignored = decodeURIComponent(own.headers.get("x-instructions-ignored"));

results.models = [];
for await (const model of client.models.list()) results.models.push(model.id);

try {
  await client.audio.speech.create({...speech, voice: "nobody"});
} catch (error) {
  const {status, code, param, message} = error;
  results.error = {type: error.constructor.name, status, code, param, message};
}

console.log(JSON.stringify(results));
