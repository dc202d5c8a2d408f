"""Speech that remembers how it sounds, to be compared with its reference."""

from typing import TYPE_CHECKING

import numpy as np

from server.references.recording import Recording
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.output.labeled_speech import TimedSpeech
from server.types import Audio, Floats, SpeechTiming
from server.voices.voice import Voice

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.speaker_encoder.speaker_encoders import SpeakerEncoders

KEPT_SECONDS = 60
"""Of the speech: what is measured."""


class MeasuredSpeech:
    """The same speech. `similarity` is for after its end, and for any thread."""

    def __init__(self, speech: TimedSpeech, voice: Voice, encoders: "SpeakerEncoders", recording: Recording) -> None:
        """`voice` spoke it."""
        self.rate = speech.rate
        self.seed = speech.seed
        self.main_voice = speech.main_voice
        self._speech = speech
        self._voice = voice
        self._encoders = encoders
        self._recording = recording
        self._samples: list[Floats] = []
        self._left = KEPT_SECONDS * speech.rate

    async def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks, of which the first minute is kept."""
        async for chunk in self._speech.audio(clock):
            kept = chunk.samples[: self._left]
            self._left -= len(kept)
            self._samples.append(kept)
            yield chunk

    def times(self, clock: PlaybackClock) -> Chunks[SpeechTiming]:
        """The times, without audio."""
        return self._speech.times(clock)

    def similarity(self) -> float | None:
        """The cosine of the speaker embeddings of the speech and of the reference, -1 to 1. Blocks for up to a second.

        None where it cannot be measured: see `timbre.similarity`.
        """
        from server.synthesis.reference.timbre import similarity

        audio = Audio(np.concatenate([np.zeros(0, np.float32), *self._samples]), self.rate)
        return similarity(self._voice, self._encoders, self._recording, audio)
