"""What a page sends to the loudspeaker, sample by sample, on the clock of the audio."""

from typing import Any

import numpy as np

from tests.clients.chromium import Page

_TAP = r"""
(() => {
  const source = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([[channel]]) {
      if (channel) this.port.postMessage([currentFrame, channel.slice()]);
      return true;
    }
  })`;
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const tap = window.tap = {blocks: new Map(), ready: false, context: null};
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination) listen(this);
    return connect.call(this, target, ...rest);
  };
  const loaded = new WeakMap();
  async function listen(node) {
    const {context} = node;
    tap.context = context;
    if (!loaded.has(context)) {
      loaded.set(context, false);
      await context.audioWorklet.addModule(url);
      loaded.set(context, true);
      tap.ready = true;
    }
    if (!loaded.get(context)) return;
    const worklet = new AudioWorkletNode(context, "tap", {channelCount: 1, channelCountMode: "explicit"});
    worklet.port.onmessage = ({data: [frame, samples]}) => {  // of several nodes: what was played before is silent now
      const others = tap.blocks.get(frame);
      tap.blocks.set(frame, others ? others.map((sample, index) => sample + samples[index]) : samples);
    };
    connect.call(node, worklet);
  }
})()
"""

_BLOCKS = "[...tap.blocks].map(([frame, samples]) => [frame, [...samples].map((sample) => Math.round(sample * 32768))])"


async def tap(page: Page) -> None:
    """Taps all audio of pages that are opened from now on; `window.tap.ready` is true once audio has been played."""
    await page.call("Page.enable")
    await page.call("Page.setBypassCSP", enabled=True)  # the tap is a script of its own
    await page.call("Page.addScriptToEvaluateOnNewDocument", source=_TAP)


async def forget(page: Page) -> None:
    """Forgets what has been played, when it is silent."""
    await page.evaluate("tap.blocks.clear()")
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
    await page.evaluate("tap.blocks.clear()")


async def recorded(page: Page) -> tuple[int, np.ndarray[Any, np.dtype[np.int32]]]:
    """The frame of the first sample that is not zero, and the samples (int16) from there, without a missing block."""
    blocks = sorted(await page.evaluate(_BLOCKS))
    heard = next(index for index, (_, samples) in enumerate(blocks) if any(samples))  # what was played before is silent
    frames = [frame for frame, _ in blocks[heard:]]
    assert frames == list(range(frames[0], frames[0] + 128 * len(frames), 128)), "the recording has a gap"
    samples = np.concatenate([np.array(samples, np.int32) for _, samples in blocks[heard:]])
    first = int(np.flatnonzero(samples)[0])
    return frames[0] + first, samples[first:]
