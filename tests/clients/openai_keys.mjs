// What the `openai` package from npm throws with wrong and limited keys. Prints the errors as JSON.

import OpenAI from "openai";

const [url, text, ...keys] = process.argv.slice(2);
const results = [];

for (const apiKey of keys) {
  const client = new OpenAI({baseURL: `${url}/v1`, apiKey});
  try {
    const answer = await client.audio.speech.create({model: "tts-1", voice: "demo", input: text, response_format: "pcm"});
    results.push({bytes: (await answer.arrayBuffer()).byteLength});
  } catch (error) {
    results.push({type: error.constructor.name, status: error.status, code: error.code, message: error.message});
  }
}

console.log(JSON.stringify(results));
