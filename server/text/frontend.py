"""Text -> sentences that a voice can speak: the room's front door."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from server.errors import RequestError
from server.signals import Style, Units
from server.text import normalize, pinyin, prosody, sandhi, sentences
from server.text.entries import NONE, Entries
from server.text.symbols import write_bytes, write_phones
from server.text.units import UnitTables
from server.voice import EMOTION_PREFIX

LANGUAGES = ("PinYin", "Sichuan")
"""Those whose phones are read from Mandarin pinyin."""
LONGEST_SENTENCE = 60
"""Syllables: about a quarter of a minute."""
_MOST_UNITS_A_SYLLABLE = 3
_MOST_BYTES_A_SYLLABLE = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and everything that is known of it before it sounds."""

    text: str
    """The source characters, without the white space around them."""
    normalized: str
    origin: tuple[int, ...]
    """For every character of `normalized` the index in `text` of the character that it reads; it never falls."""
    pinyin: tuple[str, ...]
    """Syllables as spoken: tone 1 to 5 (neutral), v for ü."""
    symbols: str
    """The KAN-TTS symbol line, without an id."""
    units: Units
    warnings: tuple[str, ...]
    """What was left out or changed; each said once a text."""
    styles: tuple[Style, ...] = ()
    """One a unit; empty: that of the request for all."""
    pause: float | None = None
    """Seconds of silence that sound after the sentence, exactly; None: its natural end, and the configured silence
    when another sentence follows."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence that belongs to no sentence, such as before the first one."""

    seconds: float


class FrontEnd:
    """Reads Mandarin for one voice."""

    def __init__(self, tables: UnitTables, entries: Entries = NONE) -> None:
        """`entries` are words that the user wants read in another way than the dictionaries do."""
        self._tables = tables
        self._entries = entries
        most = _MOST_BYTES_A_SYLLABLE if tables.reads_bytes else _MOST_UNITS_A_SYLLABLE
        self._longest = max(1, min(LONGEST_SENTENCE, tables.longest // most))

    def read(self, text: str, *, speaker: str, emotion: str) -> list[Sentence]:
        """All of `sentences`."""
        return list(self.sentences(text, speaker=speaker, emotion=emotion))

    def sentences(self, text: str, *, speaker: str, emotion: str) -> Iterator[Sentence]:
        """One sentence after the other, each analysed when it is asked for.

        Raises `RequestError` where a sentence cannot be spoken by this voice, and at the end of a text that had
        nothing to speak at all.
        """
        if self._tables.language not in LANGUAGES:
            raise RequestError(
                f"this front end reads Mandarin only, and voice {self._tables.voice!r} speaks {self._tables.language}; "
                "give symbols instead of text",
                param="input",
                code="unsupported_language",
            )
        said: set[str] = set()
        pending: list[str] = []
        spoken = False
        for source in sentences.split(text, self._longest, normalize.weigh):
            sentence, warnings = self._analyse(source, speaker, EMOTION_PREFIX + emotion.removeprefix(EMOTION_PREFIX))
            pending += [warning for warning in warnings if warning not in said]
            said.update(warnings)
            if sentence is not None:
                yield replace(sentence, warnings=tuple(pending))
                spoken, pending = True, []
        if not spoken:
            reason = f" ({'; '.join(pending)})" if pending else ""
            raise RequestError(
                f"the text has nothing to speak{reason}; write at least one Chinese character, letter or digit",
                param="input",
                code="nothing_to_speak",
            )

    def _analyse(self, source: str, speaker: str, emotion: str) -> tuple[Sentence | None, tuple[str, ...]]:
        """The sentence, if there is anything to speak, and what there is to say about it."""
        normalized = normalize.normalize(source.strip())
        words, unread = pinyin.read_words(normalized.text, self._entries)
        warnings = list(normalized.warnings)
        if unread:
            warnings.append(f"characters without a known reading were skipped: {' '.join(unread)}")
        if not words:
            return None, tuple(warnings)
        if any(word.latin for word in words) and not self._tables.reads_bytes:
            warnings.append("Latin letters are spelled one by one: English words are not read yet")
        phrase = prosody.group(words)
        spoken = sandhi.surface(phrase)
        if self._tables.reads_bytes:
            symbols = write_bytes(normalized.text, speaker=speaker, emotion=emotion)
        else:
            levels = [group.level for group in phrase]
            symbols = write_phones(spoken, levels, self._tables, speaker=speaker, emotion=emotion)
        sentence = Sentence(
            text=source.strip(),
            normalized=normalized.text,
            origin=normalized.origin,
            pinyin=tuple(syllable for group in spoken for syllable in group),
            symbols=symbols,
            units=self._tables.encode(symbols),
            warnings=(),
        )
        return sentence, tuple(warnings)
