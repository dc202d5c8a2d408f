// Asks the server for speech and hands out its samples while they arrive.

/** An answer of the server that is no speech; the message is the server's own. */
export class Refusal extends Error {}

/** The stream ended before the speech did. */
export class Interruption extends Error {}

/** Starts a request. Resolves, once the first audio is on its way, to {rate, samples: async iterator of Int16Array}. */
export async function speak(request, signal) {
  const answer = await fetch("v1/audio/speech", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({...request, response_format: "pcm"}),
    signal,
  });
  if (!answer.ok) throw new Refusal(await reason(answer));
  const rate = Number(/rate=(\d+)/.exec(answer.headers.get("Content-Type"))[1]);
  return {rate, samples: samples(answer.body, signal)};
}

/** What the server says is wrong. */
export async function reason(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `HTTP ${answer.status}`;
  }
}

async function* samples(body, signal) {
  const reader = body.getReader();
  let odd = new Uint8Array(0); // half a sample that waits for its other half
  for (;;) {
    let next;
    try {
      next = await reader.read();
    } catch (error) {
      throw signal.aborted ? error : new Interruption(error.message);
    }
    if (next.done) return;
    const bytes = new Uint8Array(odd.length + next.value.length);
    bytes.set(odd);
    bytes.set(next.value, odd.length);
    const whole = bytes.length - (bytes.length % 2);
    odd = bytes.slice(whole);
    if (whole) yield new Int16Array(bytes.buffer, 0, whole / 2);
  }
}
