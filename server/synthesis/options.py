"""How a text is spoken: what a request says besides its text and the encoding of its audio."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from server.synthesis.reference.speech_reference import SpeechReference
from server.text.instructions.parser import Instructions, parse_instructions
from server.text.wording import DEFAULT_WORDING, Wording
from server.types import DEFAULT_STYLE, Style

_SECONDS_PER_CHARACTER = 0.2


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """The voice, the style and the wording of a text; None is the default."""

    voice: str | None = None
    """A voice, an alias, or `voice/speaker`."""
    speaker: str | None = None
    emotion: str | None = None
    style: Style = DEFAULT_STYLE
    wording: Wording = DEFAULT_WORDING
    seed: int | None = None
    """Of the noise of the harmonic source. With a seed, equal requests give equal samples on the same provider: chunk
    sizes do not follow the clock, and the stream shares no batch."""
    noise: int = 0
    """The seed of that noise without a `seed`, which promises nothing else."""
    reference: SpeechReference | None = None
    """A recording that the text is spoken like."""

    def following(
        self, instructions: str, emotions: Collection[str], *, pace: bool = True
    ) -> tuple["SpeechOptions", Instructions]:
        """These with what instructions in plain words choose, and what that is.

        They choose one of `emotions` where there is no emotion, and a speed where `pace` allows it.
        """
        found = parse_instructions(instructions, () if self.emotion else emotions, pace=pace)
        style = self.style if found.speed is None else replace(self.style, speed=found.speed)
        return replace(self, emotion=self.emotion or found.emotion, style=style), found

    def expected_seconds(self, characters: int) -> float:
        """A guess at the duration of a text."""
        return characters * _SECONDS_PER_CHARACTER / self.style.speed


DEFAULT_OPTIONS = SpeechOptions()
