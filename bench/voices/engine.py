"""One text spoken once by the engine, with what it took."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.measure.process import Usage
from server.synthesis.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class Take:
    """All in seconds."""

    first: float
    """Until the first sound, the reading of the text included."""
    wall: float
    cpu: float | None
    """Of all threads together."""
    sound: float
    ready: float
    """Of the sound, in the first chunk."""

    @property
    def factor(self) -> float:
        """Real-time factor: computing time over the sound's length."""
        return self.wall / self.sound

    @property
    def cpu_factor(self) -> float | None:
        """CPU time over the sound's length: what it costs, whatever else the machine does."""
        return None if self.cpu is None else self.cpu / self.sound


Speak = Callable[[str], Take]


def speak(engine: Synthesizer, text: str) -> Take:
    """The whole text, as fast as it goes."""
    began = Usage.of()
    first = ready = 0.0
    samples = 0
    for audio in engine.speak(text):
        if not samples:
            first, ready = time.perf_counter() - began.wall, len(audio.samples) / engine.voice.rate
        samples += len(audio.samples)
    ended = Usage.of()
    return Take(first, ended.wall - began.wall, ended.cpu_since(began), samples / engine.voice.rate, ready)


def first_sound(engine: Synthesizer, text: str) -> float:
    """Seconds until the first sound of a text; the rest is not computed."""
    began = time.perf_counter()
    chunks = engine.speak(text)
    next(chunks)
    seconds = time.perf_counter() - began
    chunks.close()
    return seconds
