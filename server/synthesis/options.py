"""How a text is spoken: what a request says besides its text and the encoding of its audio."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.errors import ConfigurationError, RequestError
from server.synthesis.reference.speech_reference import SpeechReference
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.replacements import NO_REPLACEMENTS, Replacements
from server.types import DEFAULT_STYLE, Style


@dataclass(frozen=True, slots=True)
class Wording:
    """Readings and replacements for one text; those of the configuration apply besides."""

    lexicon: UserLexicon = EMPTY_LEXICON
    replacements: Replacements = NO_REPLACEMENTS

    @classmethod
    def of(cls, lexicon: Mapping[str, str] | None, replacements: Mapping[str, str] | None = None) -> "Wording":
        """From word -> pinyin and word -> text. Raises `RequestError` naming every invalid entry."""
        try:
            readings = UserLexicon.of(lexicon or {})
        except ConfigurationError as error:
            raise RequestError(str(error), param="lexicon", code="invalid_value") from None
        return cls(readings, Replacements.of(replacements or {}))


DEFAULT_WORDING = Wording()

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
    """A recording that it is spoken like."""

    def expected_seconds(self, characters: int) -> float:
        """A guess at the duration of a text."""
        return characters * _SECONDS_PER_CHARACTER / self.style.speed


DEFAULT_OPTIONS = SpeechOptions()
