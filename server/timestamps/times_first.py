"""The chunks of a stream for a client that needs the times of a sentence before its audio."""

from collections.abc import Sequence
from dataclasses import replace

from server.types import EncodedChunk


class TimesFirst:
    """Holds the beginning of a sentence back whose times follow: its first chunk gets them."""

    def __init__(self) -> None:
        self._held: list[EncodedChunk] = []

    def of(self, chunk: EncodedChunk) -> Sequence[EncodedChunk]:
        """Returns the chunks that leave now that this one is there: all so far, or none."""
        chunks = [*self._held, chunk]
        if chunk.times_follow:
            self._held = chunks
            return ()
        if not self._held:
            return chunks
        self._held = []
        first, *others = (replace(each, sentence=None, times_follow=False) for each in chunks)
        return [replace(first, sentence=chunk.sentence), *others]
