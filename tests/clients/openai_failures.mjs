// Streams that fail in the middle, received by the `openai` package from npm. Prints the errors that it throws as JSON.

import OpenAI from "openai";
import {Stream} from "openai/core/streaming";

const [url, text] = process.argv.slice(2);
const client = new OpenAI({baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0});
const speech = {model: "tts-1", voice: "alloy", input: text, response_format: "pcm"};
const results = {};

const audio = await client.audio.speech.create(speech);
results.audio = await audio.arrayBuffer().then(() => "complete", (error) => error.constructor.name);

const events = await client.audio.speech.create({...speech, stream_format: "sse"});
results.events = [];
try {
  for await (const event of Stream.fromSSEResponse(events, new AbortController())) results.events.push(event.type);
} catch (error) {
  results.error = {type: error.constructor.name, message: error.message, code: error.error?.code};
}

console.log(JSON.stringify(results));
