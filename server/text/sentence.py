"""What the front end makes of a script: analyzed sentences, and the pauses between them."""

from dataclasses import dataclass

from server.text.units.symbols import UnitSymbol
from server.text.words import ProsodicWord
from server.text.written_words import WrittenWord
from server.types import DEFAULT_STYLE, Style, Units


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence outside of sentences, such as before the first one."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SentenceEnd:
    """The end of a sentence whose words were all spoken before it was known to end there."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One analyzed sentence, ready for synthesis."""

    text: str
    """The characters of the script, without the white space around them."""
    normalized: str
    origin: tuple[int, ...]
    """For every character of `normalized` the index of its source character in `text`, in ascending order."""
    prosodic_words: tuple[ProsodicWord, ...]
    """Its words, after tone sandhi."""
    pinyin: tuple[str, ...]
    """The Mandarin syllables after tone sandhi: tone 1 to 5 (neutral), v for ü, erhua as in `dianr3`."""
    lexical_pinyin: tuple[str, ...]
    """The Mandarin syllables before tone sandhi."""
    unit_symbols: tuple[UnitSymbol, ...]
    """The symbol of each unit, with its span in `normalized`."""
    symbols: str
    """The KAN-TTS symbol line, without an id."""
    units: Units
    input_spans: tuple[tuple[int, int], ...]
    """For every unit the start and the end of its part of the input, both in ascending order."""
    warnings: tuple[str, ...]
    """What was left out or changed. Each warning occurs once in a text."""
    unit_styles: tuple[Style, ...] = (DEFAULT_STYLE,)
    """One for every unit, or a single one for all."""
    pause: float | None = None
    """Seconds of silence after the sentence, exactly. None: its natural end and the configured sentence silence."""
    continues: bool = False
    """Whether the sentence goes on after it, so that no silence is added."""
    written: str = ""
    """What the client wrote, without markup: `text` with the content of replaced elements as it was."""
    input_range: tuple[int, int] = (0, 0)
    """Where it begins and ends in the client's input."""
    words: tuple[WrittenWord, ...] = ()
    """The words that the client wrote, with their syllables and units."""
    begins_speech: bool = False
    """Whether it is the first one of a text, whose audio somebody waits for."""

    @property
    def break_levels(self) -> dict[int, int]:
        """The breaks: number of Mandarin syllables before a break -> its level, 1 to 4."""
        levels: dict[int, int] = {}
        count = 0
        for word in self.prosodic_words:
            count += sum(bool(syllable.pinyin) for syllable in word.syllables)
            levels[count] = max(word.break_level, levels.get(count, 0))
        return levels
