"""The front end: converts a script to sentences of units that a voice can speak."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from server.errors import NothingToSpeakError, RequestError
from server.text.early_clause import MIN_SYLLABLES, has_settled_form, has_settled_tones
from server.text.markup.script import Script
from server.text.normalization import normalize
from server.text.normalization.emoji import Emoji
from server.text.normalization.length_estimate import LENGTH_PER_SYLLABLE, estimate_spoken_length
from server.text.normalization.normalize import NormalizedText
from server.text.normalization.rewriting import AlignedText
from server.text.pronunciation.mandarin_g2p import has_settled_readings, pronounce
from server.text.pronunciation.tone_sandhi import apply_tone_sandhi
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.prosody.phrase_breaks import SENTENCE_END, predict_breaks
from server.text.replacements import NO_REPLACEMENTS, Replacements
from server.text.sentence import Pause, Sentence, SentenceEnd
from server.text.sentence_splitting import SentenceScanner, break_level, split_sentences
from server.text.text_warning import TextWarning
from server.text.units.symbols import UnitSymbol, byte_symbols, phone_symbols
from server.text.units.unit_tables import UnitTables
from server.text.words import Word, mandarin_pinyin, words_from
from server.text.written_words import written_words
from server.voices.manifest import EMOTION_PREFIX

LANGUAGES = ("PinYin", "Sichuan")
"""The languages of a voice whose phones are derived from Mandarin pinyin."""
MAX_SENTENCE_SYLLABLES = 60
"""About 15 seconds of speech. Longer sentences are divided."""
_MAX_UNITS_PER_LENGTH = 4
_MAX_BYTES_PER_LENGTH = 2
"""Per `estimate_spoken_length`: an x has three phones and may have a break; a rare character has four bytes."""


def _ignore(_: TextWarning) -> None:
    """Reports nothing."""


class FrontEnd:
    """Analyzes Mandarin text for one voice."""

    def __init__(
        self,
        tables: UnitTables,
        lexicon: UserLexicon = EMPTY_LEXICON,
        emoji: Emoji = "drop",
        replacements: Replacements = NO_REPLACEMENTS,
    ) -> None:
        self._emoji: Emoji = emoji
        self._tables = tables
        self._lexicon = lexicon
        self._replacements = replacements
        self._speaks_english = tables.reads_bytes or tables.speaks_english
        per_length = _MAX_BYTES_PER_LENGTH if tables.reads_bytes else _MAX_UNITS_PER_LENGTH
        self._max_length = max(1, min(MAX_SENTENCE_SYLLABLES * LENGTH_PER_SYLLABLE, tables.max_units // per_length))
        self._length_of = partial(
            estimate_spoken_length, speaks_english=self._speaks_english, names_emoji=emoji == "name"
        )

    def with_wording(self, lexicon: UserLexicon, replacements: Replacements) -> "FrontEnd":
        """Returns a front end with more readings, and with these replacements."""
        return FrontEnd(self._tables, self._lexicon.extended(lexicon), self._emoji, replacements)

    @property
    def settings(self) -> Mapping[str, object]:
        """What of the configuration changes its analysis."""
        return {"lexicon": dict(self._lexicon.readings), "emoji": self._emoji}

    @property
    def names_emoji(self) -> bool:
        """Whether emoji are read by their names."""
        return self._emoji == "name"

    @property
    def replaces_symbols(self) -> bool:
        """Whether punctuation or another symbol is part of a word that is replaced."""
        return self._replacements.have_symbols

    def sentence_scanner(self) -> SentenceScanner:
        """Returns a scanner that divides a text as `segments` does."""
        return SentenceScanner(self._max_length, self._length_of, self._word_boundaries)

    def can_leave_early(self, clause: Script) -> bool:
        """Returns whether a clause, the beginning of a sentence up to a comma, is read the same whatever follows it.

        A clause of few syllables cannot.
        """
        if not has_settled_form(self._replacements.apply(clause.text).text, self._emoji):
            return False
        normalized = self._normalize(clause.text)
        explicit = clause.readings_at(normalized.origin)
        words, _ = pronounce(normalized.text, self._lexicon, explicit, speaks_english=self._speaks_english)
        is_long = sum(len(word.syllables) for word in words) >= MIN_SYLLABLES
        return is_long and has_settled_readings(normalized.text, self._lexicon, explicit) and has_settled_tones(words)

    def analyze(self, script: Script | str, *, speaker: str, emotion: str) -> list[Sentence]:
        """Returns all sentences of a script, without its pauses; see `segments`."""
        return [each for each in self.segments(script, speaker=speaker, emotion=emotion) if isinstance(each, Sentence)]

    def segments(
        self, script: Script | str, *, speaker: str, emotion: str, report: Callable[[TextWarning], None] = _ignore
    ) -> Iterator[Sentence | Pause | SentenceEnd]:
        """Yields sentences and pauses in order, and analyzes each only when it is requested.

        `speaker` and `emotion` apply where the script names none. `report` is called for each place in the input that a
        warning is about, before the sentence that has the warning. Raises `RequestError` for a sentence that the voice
        cannot speak, and `NothingToSpeakError` at the end of a script without any sentence or pause.
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
        reported: set[str] = set()
        pending = list(script.warnings)
        for place in script.places:
            report(place)
        is_empty = True
        for span in self._spans(script):
            sentence, warnings = self._analyze(script, span, speaker, emotion, report)
            pending += [warning for warning in warnings if warning not in reported]
            reported.update(warnings)
            if sentence is not None:
                yield replace(sentence, warnings=tuple(pending))
                is_empty, pending = False, []
            elif span.pause is not None:
                yield Pause(span.pause)
                is_empty = False
            elif span.spoken:
                if span.break_level == SENTENCE_END:
                    yield SentenceEnd()
                is_empty = False
        if is_empty:
            raise NothingToSpeakError(pending)

    def _analyze(
        self, script: Script, span: "_TextSpan", speaker: str, emotion: str, report: Callable[[TextWarning], None]
    ) -> tuple[Sentence | None, tuple[str, ...]]:
        """Returns the sentence of a span, None if there is nothing to speak in it, and its warnings."""
        text = script.text[span.start : span.end]
        start = span.start + len(text) - len(text.lstrip())
        text = text.strip()
        normalized = self._normalize(text)
        origin = [start + index for index in normalized.origin]
        explicit = script.readings_at(origin)
        words, unreadable = pronounce(normalized.text, self._lexicon, explicit, speaks_english=self._speaks_english)
        warnings = list(normalized.warnings)
        if unreadable:
            warnings.append(f"characters without a known reading were skipped: {' '.join(unreadable)}")
        if not self._speaks_english and any(word.is_latin for word in words):
            warnings.append(
                f"Latin letters are spelled by their Chinese names, since voice {self._tables.voice!r} is not trained "
                "on English; write the pronunciation in Chinese, or choose another voice"
            )
        for place in (*normalized.places, *_unspoken(normalized, words, unreadable, self._speaks_english)):
            report(place._replace(start=script.starts[start + place.start], stop=script.ends[start + place.stop - 1]))
        if not words:
            return None, tuple(warnings)
        lexical = predict_breaks(words, last_level=span.break_level)
        spoken = apply_tone_sandhi(lexical)
        if span.spoken:
            first = bisect_left(origin, span.start + span.spoken)
            lexical, spoken = words_from(lexical, first), words_from(spoken, first)
            if not spoken:
                return None, tuple(warnings)
            text, start, origin = text[normalized.origin[first] :], origin[first], origin[first:]
            normalized = normalized.part_from(first)
        unit_symbols = tuple(
            byte_symbols(normalized.text) if self._tables.reads_bytes else phone_symbols(spoken, self._tables)
        )
        speaking_styles = [script.styles[origin[unit.end - 1]] for unit in unit_symbols]
        styles = tuple(speaking_style.style for speaking_style in speaking_styles)
        symbols = " ".join(
            unit.format(speaker, EMOTION_PREFIX + (speaking_style.emotion or emotion).removeprefix(EMOTION_PREFIX))
            for unit, speaking_style in zip(unit_symbols, speaking_styles, strict=True)
        )
        input_range = script.starts[start], script.ends[start + len(text) - 1]
        sentence = Sentence(
            text=text,
            normalized=normalized.text,
            origin=normalized.origin,
            prosodic_words=tuple(spoken),
            pinyin=mandarin_pinyin(spoken),
            lexical_pinyin=mandarin_pinyin(lexical),
            unit_symbols=unit_symbols,
            symbols=symbols,
            units=self._tables.encode(symbols),
            input_spans=tuple(_input_spans(script, origin, unit_symbols)),
            unit_styles=styles if len(set(styles)) > 1 else styles[:1],
            pause=span.pause,
            continues=span.break_level < SENTENCE_END,
            warnings=(),
            written=script.written_text(*input_range),
            input_range=input_range,
            words=written_words(script, start, normalized.spans, spoken, unit_symbols),
        )
        return sentence, tuple(warnings)

    def _normalize(self, text: str) -> NormalizedText:
        """Returns what is read, aligned with `text`."""
        written = self._replacements.apply(text)
        normalized = normalize.normalize(written.text, self._emoji)
        origin = tuple(written.origin[index] for index in normalized.origin)
        spans = tuple((written.spans[first][0], written.spans[end - 1][1]) for first, end in normalized.spans)
        places = tuple(_through(written, place) for place in normalized.places)
        return replace(normalized, origin=origin, spans=spans, places=places)

    def _spans(self, script: Script) -> "Iterator[_TextSpan]":
        begin = 0
        for end in sorted({*script.sentence_starts, *script.pauses, len(script.text)}):
            pause = script.pauses.get(end)
            text = script.text[begin:end]
            for part in split_sentences(text, self._max_length, self._length_of, self._word_boundaries):
                if begin + len(part) < end:
                    spoken = max(script.spoken - begin, 0)
                    yield _TextSpan(begin, begin := begin + len(part), break_level(part), None, spoken)
            if begin < end or pause is not None:
                interrupted = script.continues if end == len(script.text) else pause is not None
                level = break_level(script.text[begin:end]) if interrupted else SENTENCE_END
                yield _TextSpan(begin, end, level, pause, max(script.spoken - begin, 0))
            begin = end

    def _word_boundaries(self, text: str) -> Iterator[tuple[int, int]]:
        """Yields (index, break level) where a long text may be divided, for `sentence_splitting.split_sentences`."""
        normalized = normalize.normalize(text)
        words, _ = pronounce(normalized.text, self._lexicon, speaks_english=self._speaks_english)
        for prosodic_word in predict_breaks(words):
            for word in prosodic_word.words:
                level = prosodic_word.break_level if word is prosodic_word.words[-1] else 0
                yield normalized.origin[word.syllables[-1].end - 1] + 1, level


@dataclass(frozen=True, slots=True)
class _TextSpan:
    """A span of a script that becomes one sentence, and the pause after it."""

    start: int
    end: int
    break_level: int
    """Of the break at its end: 4, or 3 if the sentence continues."""
    pause: float | None
    """Seconds"""
    spoken: int
    """How many of its characters were spoken before."""


def _unspoken(
    normalized: NormalizedText, words: Sequence[Word], unreadable: Sequence[str], speaks_english: bool
) -> Iterator[TextWarning]:
    """Yields the places of characters without a reading, and of words that are spelled."""
    read = {index for word in words for each in word.syllables for index in range(each.start, each.end)}
    for index, char in enumerate(normalized.text):
        if char in unreadable and index not in read:
            yield TextWarning("unknown_reading", *normalized.spans[index])
    if not speaks_english:
        for word in words:
            if word.is_latin:
                first, last = word.syllables[0].start, word.syllables[-1].end - 1
                yield TextWarning("spelled_letters", normalized.spans[first][0], normalized.spans[last][1])


def _through(written: AlignedText, place: TextWarning) -> TextWarning:
    """A place in a replaced text as one in the text that was replaced."""
    return place._replace(start=written.spans[place.start][0], stop=written.spans[place.stop - 1][1])


def _input_spans(
    script: Script, origin: Sequence[int], unit_symbols: Sequence[UnitSymbol]
) -> Iterator[tuple[int, int]]:
    """Yields the part of the input of each unit; that of a break is what lies between the units around it."""
    next_starts = [script.starts[origin[min(unit.start, len(origin) - 1)]] for unit in unit_symbols[1:]]
    for unit, next_start in zip(unit_symbols, [*next_starts, script.ends[-1]], strict=True):
        end = script.ends[origin[unit.end - 1]]
        yield (min(end, next_start) if unit.is_break else script.starts[origin[unit.start]], end)
