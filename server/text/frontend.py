"""Script -> sentences that a voice can speak: the room's front door."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from server.errors import NothingToSpeakError, RequestError
from server.text import sentence_splitting
from server.text.markup.script import Script
from server.text.normalization import normalize
from server.text.normalization.emoji import Emoji
from server.text.normalization.length_estimate import LENGTH_PER_SYLLABLE, estimate_spoken_length
from server.text.pronunciation import tone_sandhi, word_reader
from server.text.pronunciation.user_lexicon import NONE, UserLexicon
from server.text.prosody import phrase_breaks
from server.text.units.symbols import Written, write_bytes, write_phones
from server.text.units.unit_tables import UnitTables
from server.text.words import ProsodicWord
from server.types import PLAIN, Style, Units
from server.voices.manifest import EMOTION_PREFIX

LANGUAGES = ("PinYin", "Sichuan")
"""Those whose phones are read from Mandarin pinyin."""
LONGEST_SENTENCE = 60
"""Syllables: about a quarter of a minute."""
_MOST_UNITS_A_WEIGHT = 4
_MOST_BYTES_A_WEIGHT = 2
"""Per length of `estimate_spoken_length`: an x is three phones and perhaps a break; a rare character is four bytes."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence that belongs to no sentence, such as before the first one."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and everything that is known of it before it sounds."""

    text: str
    """The script's characters, without the white space around them."""
    normalized: str
    origin: tuple[int, ...]
    """For every character of `normalized` the index in `text` of the character that it reads; it never falls."""
    phrase: tuple[ProsodicWord, ...]
    """Its words, with the tones that are spoken."""
    pinyin: tuple[str, ...]
    """The Mandarin syllables as spoken: tone 1 to 5 (neutral), v for ü, erhua as in `dianr3`."""
    lexical_pinyin: tuple[str, ...]
    """The same before tone sandhi."""
    written: tuple[Written, ...]
    """The units by name, each with its place in `normalized`."""
    symbols: str
    """The KAN-TTS symbol line, without an id."""
    units: Units
    places: tuple[tuple[int, int], ...]
    """For every unit where the part of the input begins and ends that it speaks; neither ever falls."""
    warnings: tuple[str, ...]
    """What was left out or changed; each said once a text."""
    styles: tuple[Style, ...] = (PLAIN,)
    """One for every unit, or a single one for all."""
    pause: float | None = None
    """Seconds of silence that sound after the sentence, exactly; None: its natural end, and the configured silence
    when another sentence follows."""
    goes_on: bool = False
    """Whether it was cut for its length, and what follows is its rest: its natural end is pause enough."""

    @property
    def prosody(self) -> dict[int, int]:
        """Number of Mandarin syllables before a break -> its level, 1 to 4."""
        levels: dict[int, int] = {}
        count = 0
        for group in self.phrase:
            count += sum(bool(syllable.pinyin) for syllable in group.syllables)
            levels[count] = max(group.level, levels.get(count, 0))
        return levels


class FrontEnd:
    """Reads Mandarin for one voice."""

    def __init__(self, tables: UnitTables, entries: UserLexicon = NONE, emoji: Emoji = "drop") -> None:
        """`entries` are words that the user wants read in another way than the dictionaries do."""
        self._emoji: Emoji = emoji
        self._tables = tables
        self._entries = entries
        self._speaks_english = tables.reads_bytes or tables.speaks_english
        most = _MOST_BYTES_A_WEIGHT if tables.reads_bytes else _MOST_UNITS_A_WEIGHT
        self._longest = max(1, min(LONGEST_SENTENCE * LENGTH_PER_SYLLABLE, tables.longest // most))
        self._length_of = partial(
            estimate_spoken_length, speaks_english=self._speaks_english, names_emoji=emoji == "name"
        )

    def read(self, script: Script | str, *, speaker: str, emotion: str) -> list[Sentence]:
        """All sentences of `sentences`."""
        return [each for each in self.sentences(script, speaker=speaker, emotion=emotion) if isinstance(each, Sentence)]

    def sentences(self, script: Script | str, *, speaker: str, emotion: str) -> Iterator[Sentence | Pause]:
        """One sentence after the other, each analysed when it is asked for.

        `speaker` and `emotion` are those of a style that names none. Raises `RequestError` where a sentence cannot be
        spoken by this voice, and at the end of a text that had nothing to speak at all.
        """
        if isinstance(script, str):
            script = Script.plain(script)
        if self._tables.language not in LANGUAGES:
            raise RequestError(
                f"this front end reads Mandarin only, and voice {self._tables.voice!r} speaks {self._tables.language}; "
                "give symbols instead of text",
                param="input",
                code="unsupported_language",
            )
        said: set[str] = set()
        pending = list(script.warnings)
        spoken = False
        for piece in self._pieces(script):
            sentence, warnings = self._analyse(script, piece, speaker, emotion)
            pending += [warning for warning in warnings if warning not in said]
            said.update(warnings)
            if sentence is not None:
                yield replace(sentence, warnings=tuple(pending))
                spoken, pending = True, []
            elif piece.pause is not None:
                yield Pause(piece.pause)
                spoken = True
        if not spoken:
            reason = f" ({'; '.join(pending)})" if pending else ""
            raise NothingToSpeakError(
                f"the text has nothing to speak{reason}; write at least one Chinese character, letter or digit"
            )

    def _analyse(
        self, script: Script, piece: "_Piece", speaker: str, emotion: str
    ) -> tuple[Sentence | None, tuple[str, ...]]:
        """The sentence that stands there, if there is anything to speak, and what there is to say about it."""
        text = script.text[piece.start : piece.end]
        start = piece.start + len(text) - len(text.lstrip())
        text = text.strip()
        normalized = normalize.normalize(text, self._emoji)
        origin = [start + place for place in normalized.origin]
        given = {at: script.readings[place] for at, place in enumerate(origin) if place in script.readings}
        words, unread = word_reader.read_words(
            normalized.text, self._entries, given, speaks_english=self._speaks_english
        )
        warnings = list(normalized.warnings)
        if unread:
            warnings.append(f"characters without a known reading were skipped: {' '.join(unread)}")
        if not self._speaks_english and any(word.latin for word in words):
            warnings.append(
                f"Latin letters are spelled by their Chinese names, since voice {self._tables.voice!r} has not learnt "
                "English; write how it shall sound in Chinese, or choose another voice"
            )
        if not words:
            return None, tuple(warnings)
        phrase = phrase_breaks.group(words, last=piece.level)
        spoken = tone_sandhi.surface(phrase)
        if self._tables.reads_bytes:
            written = list(write_bytes(normalized.text))
        else:
            written = list(write_phones(spoken, self._tables))
        speaking_styles = [script.styles[origin[unit.end - 1]] for unit in written]
        styles = tuple(each.style for each in speaking_styles)
        symbols = " ".join(
            unit.spoken(speaker, EMOTION_PREFIX + (each.emotion or emotion).removeprefix(EMOTION_PREFIX))
            for unit, each in zip(written, speaking_styles, strict=True)
        )
        sentence = Sentence(
            text=text,
            normalized=normalized.text,
            origin=normalized.origin,
            phrase=tuple(spoken),
            pinyin=_pinyin(spoken),
            lexical_pinyin=_pinyin(phrase),
            written=tuple(written),
            symbols=symbols,
            units=self._tables.encode(symbols),
            places=tuple(_places(script, origin, written)),
            styles=styles if len(set(styles)) > 1 else styles[:1],
            pause=piece.pause,
            goes_on=piece.level < phrase_breaks.SENTENCE_END,
            warnings=(),
        )
        return sentence, tuple(warnings)

    def _pieces(self, script: Script) -> "Iterator[_Piece]":
        begin = 0
        for end in sorted({*script.sentence_starts, *script.pauses, len(script.text)}):
            pause = script.pauses.get(end)
            for piece in sentence_splitting.split_sentences(
                script.text[begin:end], self._longest, self._length_of, self._breaks
            ):
                if begin + len(piece) < end:
                    yield _Piece(begin, begin := begin + len(piece), sentence_splitting.break_level(piece), None)
            goes_on = pause is not None and end < len(script.text)
            if begin < end or pause is not None:
                level = (
                    sentence_splitting.break_level(script.text[begin:end]) if goes_on else phrase_breaks.SENTENCE_END
                )
                yield _Piece(begin, end, level, pause)
            begin = end

    def _breaks(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a stretch that is too long may be parted, and how well: `sentence_splitting.BreakPredictor`."""
        normalized = normalize.normalize(text)
        words, _ = word_reader.read_words(normalized.text, self._entries, speaks_english=self._speaks_english)
        for group in phrase_breaks.group(words):
            for word in group.words:
                level = group.level if word is group.words[-1] else 0
                yield normalized.origin[word.syllables[-1].end - 1] + 1, level


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a script that is spoken at once, and what comes after it."""

    start: int
    end: int
    level: int
    """Of the break at its end: 4, or 3 where the sentence goes on."""
    pause: float | None


def _pinyin(phrase: Iterable[ProsodicWord]) -> tuple[str, ...]:
    return tuple(syllable.pinyin for group in phrase for syllable in group.syllables if syllable.pinyin)


def _places(script: Script, origin: Sequence[int], written: Sequence[Written]) -> Iterator[tuple[int, int]]:
    """The part of the input that each unit speaks; of a break, what it has between the units around it, if anything."""
    following = [*(script.starts[origin[min(unit.start, len(origin) - 1)]] for unit in written[1:]), script.ends[-1]]
    for unit, next_start in zip(written, following, strict=True):
        end = script.ends[origin[unit.end - 1]]
        yield (min(end, next_start) if unit.is_break else script.starts[origin[unit.start]], end)
