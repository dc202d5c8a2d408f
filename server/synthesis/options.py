"""How a text is spoken: what a request says besides its text and the encoding of its audio."""

from dataclasses import dataclass

from server.synthesis.reference.speech_reference import SpeechReference
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

    def expected_seconds(self, characters: int) -> float:
        """A guess at the duration of a text."""
        return characters * _SECONDS_PER_CHARACTER / self.style.speed


DEFAULT_OPTIONS = SpeechOptions()
