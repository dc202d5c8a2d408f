"""A text that its client still writes: it is spoken while it arrives."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from server.scheduling.input_queue import InputQueue
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.segments import Segment, SegmentItems
from server.synthesis.sequencing import sequence
from server.text.incremental.incremental_text import IncrementalText
from server.text.markup.script import Script
from server.types import Audio

if TYPE_CHECKING:
    from server.synthesis.synthesizer import Synthesizer


class SpeechInput:
    """The text of one stream; `SpeechPlanner.open_input` creates it.

    `append`, `flush` and `finish` are for one thread at a time, the stages of `audio` for another one. They analyze the
    text, which may take milliseconds. After a `RequestError` of theirs the stream should be cancelled.
    """

    def __init__(
        self,
        synthesizer: "Synthesizer",
        speaker: str,
        text: IncrementalText,
        plan: Callable[[Script], Sequence[Segment]],
        seed: int | None,
    ) -> None:
        """`plan` gives the segments of a script."""
        self.synthesizer = synthesizer
        self.speaker = speaker
        """Those of the text where it names no others."""
        self.rate = synthesizer.rate
        """Hz"""
        self.main_voice = synthesizer.voice.name
        """Its cost is assumed for the whole text."""
        self.seed = seed
        self._text = text
        self._plan = plan
        self._segments: InputQueue[Segment] = InputQueue()

    @property
    def characters(self) -> int:
        """The length of the text so far, markup included."""
        return self._text.characters

    def append(self, piece: str) -> None:
        """Adds text, cut anywhere. Raises `ValueError` after `finish`."""
        self._put(self._text.append(piece))

    def flush(self) -> None:
        """Speaks the text so far as if it ended here; what follows is a text of its own."""
        self._put(self._text.flush())

    def finish(self) -> None:
        """Speaks the rest; there is no more text."""
        self.flush()
        self._segments.close()

    def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks, for a scheduler; see `SpeechPlan.audio`. It ends after `finish`.

        There is none for a text without any characters.
        """
        return sequence(SegmentItems(self._segments), clock, self.seed)

    def _put(self, scripts: Iterable[Script]) -> None:
        self._segments.put(*(segment for script in scripts for segment in self._plan(script)))
