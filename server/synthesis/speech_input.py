"""A text that its client still writes: it is spoken while it arrives."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from server.errors import RequestError
from server.scheduling.input_queue import InputQueue
from server.scheduling.playback import PlaybackClock, RepeatableClock
from server.scheduling.task import Chunks
from server.synthesis.sequencing import ItemSource, sequence
from server.text.incremental.incremental_text import IncrementalText
from server.text.markup.script import Script
from server.types import Audio

if TYPE_CHECKING:
    from server.synthesis.synthesizer import Synthesizer


class SpeechInput:
    """The text of one stream. `append`, `flush` and `finish` are for one thread at a time, `audio` for another one.

    They raise `RequestError` for text that cannot be spoken, after which the stream should be cancelled.
    """

    def __init__(
        self,
        synthesizer: "Synthesizer",
        text: IncrementalText,
        plan: Callable[[Script], Sequence[Any]],
        segments: InputQueue[Any],
        items: ItemSource,
        seed: int | None,
    ) -> None:
        """`plan` gives the segments of a script, and `items` the sentences of the segments in the queue."""
        self.rate = synthesizer.rate
        """Hz"""
        self.main_voice = synthesizer.voice.name
        """Its cost is assumed for the whole text."""
        self.seed = seed
        self._text = text
        self._plan = plan
        self._segments = segments
        self._items = items

    def append(self, piece: str) -> None:
        """Adds text, cut anywhere."""
        self._put(self._text.append(piece))

    def flush(self) -> None:
        """Speaks the text so far as if it ended here; what follows is a text of its own."""
        self._put(self._text.flush())

    def finish(self) -> None:
        """Speaks the rest; there is no more text."""
        self.flush()
        self._segments.close()

    def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks, for a scheduler; see `SpeechPlan.audio`."""
        if self.seed is not None:
            clock = RepeatableClock(clock)
        return sequence(self._items, clock, self.seed or 0)

    def _put(self, scripts: Iterable[Script]) -> None:
        for script in scripts:
            segments = self._plan(script)
            if other := next((each.synthesizer for each in segments if each.synthesizer.rate != self.rate), None):
                raise RequestError(
                    f"voice {other.voice.name!r} speaks at {other.rate} Hz and voice {self.main_voice!r} at "
                    f"{self.rate} Hz; one text has one sampling rate",
                    param="voice",
                    code="different_rates",
                )
            self._segments.put(*segments)
