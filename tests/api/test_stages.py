"""What is made of the audio of a text: chunks of another sampling rate."""

from dataclasses import replace

import numpy as np

from server.api.stages import samples_stage
from server.audio.resampler import Resampler
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks, iterate
from server.types import Audio, SentenceTiming
from tests.conftest import samples_of

RATE = 16000
SAMPLES = np.sin(np.arange(300) / 5).astype(np.float32)
SENTENCE = SentenceTiming("你好。", 0, 3, 0, len(SAMPLES), RATE, ())


class SmallChunks:
    """Speech in chunks that are shorter than the filter of the resampler; the first one begins a sentence."""

    rate = RATE
    seed = None
    main_voice = "demo"

    async def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        for start in range(0, len(SAMPLES), 10):
            yield Audio(SAMPLES[start : start + 10], RATE, None if start else SENTENCE)


def test_chunks_that_the_resampler_holds_back_do_not_take_their_times_along() -> None:
    chunks = list(iterate(samples_stage(SmallChunks(), 8000)(PlaybackClock())))
    assert all(len(chunk.samples) and chunk.rate == 8000 for chunk in chunks)
    assert [chunk.sentence for chunk in chunks] == [SENTENCE, *[None] * (len(chunks) - 1)]
    resampler = Resampler(RATE, 8000)
    expected = np.concatenate([resampler.resample(SAMPLES), resampler.finish()])
    np.testing.assert_array_equal(samples_of(chunks), expected)


def test_the_rate_of_the_voice_leaves_the_chunks_as_they_are() -> None:
    for rate in (None, RATE):
        chunks = list(iterate(samples_stage(SmallChunks(), rate)(PlaybackClock())))
        assert chunks[0] == replace(chunks[0], sentence=SENTENCE)
        assert len(chunks) == 30
