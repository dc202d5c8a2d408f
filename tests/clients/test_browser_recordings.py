"""What Chromium's MediaRecorder records is decoded: without a length in its header, in pieces."""

import base64
import json

import numpy as np
import pytest

from server.audio.decoding.decoder_process import decode_audio
from tests.clients.chromium import Page

RATE = 16000
SECONDS = 1.5

RECORD = """async (type) => {
  if (!MediaRecorder.isTypeSupported(type)) return null;
  const context = new AudioContext();
  const tone = new OscillatorNode(context, {frequency: 400});
  const output = context.createMediaStreamDestination();
  tone.connect(output);
  tone.start();
  const recorder = new MediaRecorder(output.stream, {mimeType: type});
  const pieces = [];
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(100);
  const end = context.currentTime + SECONDS;  // on the clock of the audio: the browser may be late
  while (context.currentTime < end) await new Promise((resolve) => setTimeout(resolve, 50));
  recorder.stop();
  await stopped;
  await context.close();
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}""".replace("SECONDS", str(SECONDS))


@pytest.mark.parametrize(
    ("media_type", "container"), [("audio/webm", "webm"), ("audio/webm;codecs=pcm", "webm"), ("audio/mp4", "mp4")]
)
async def test_a_recording_of_a_browser_is_decoded(page: Page, media_type: str, container: str) -> None:
    recorded = await page.evaluate(f"({RECORD})({json.dumps(media_type)})")
    if recorded is None:
        pytest.skip(f"this Chromium does not record {media_type}")
    file, audio = decode_audio(base64.b64decode(recorded), 60, RATE)
    assert file.format == container
    assert file.seconds > SECONDS / 4
    spectrum = np.abs(np.fft.rfft(audio.samples[-RATE // 2 :]))
    assert abs(np.argmax(spectrum) * RATE / (RATE // 2) - 400) < 5
