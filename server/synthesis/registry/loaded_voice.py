"""One version of a voice in memory, and who uses it."""

import time
import weakref
from collections.abc import Callable

from server.synthesis.synthesizer import Synthesizer
from server.voices.voice import Voice


class LoadedVoice:
    """A loaded voice.

    Every request gets an object of its own for the same graphs, and the voice is in use as long as one of these exists:
    so it needs no release, and none can be forgotten. A version that was replaced or removed leaves memory with the
    last of them.
    """

    def __init__(self, synthesizer: Synthesizer, memory: int, on_release: Callable[[], None]) -> None:
        """`memory` is in bytes. `on_release` is called by any thread, with any locks held."""
        self.voice: Voice = synthesizer.voice
        self.memory = memory
        self.last_used = time.monotonic()
        self._synthesizer: Synthesizer | None = synthesizer
        self._uses: set[weakref.ref[Synthesizer]] = set()
        self._on_release = on_release

    @property
    def synthesizer(self) -> Synthesizer:
        """The voice itself, which does not count as a use. Must not be called after `retire`."""
        assert self._synthesizer
        return self._synthesizer

    @synthesizer.setter
    def synthesizer(self, synthesizer: Synthesizer) -> None:
        self._synthesizer = synthesizer

    @property
    def uses(self) -> int:
        """The requests and streams that use it."""
        return len(self._uses)

    def share(self) -> Synthesizer:
        """The voice for one request."""
        synthesizer = self.synthesizer.share()
        self._uses.add(weakref.ref(synthesizer, self._release))
        self.last_used = time.monotonic()
        return synthesizer

    def retire(self) -> Synthesizer:
        """Nobody else may use it: it leaves memory when the result, and all that use it, are gone."""
        synthesizer, self._synthesizer = self.synthesizer, None
        return synthesizer

    def _release(self, use: "weakref.ref[Synthesizer]") -> None:
        self._uses.discard(use)
        self.last_used = time.monotonic()
        self._on_release()
