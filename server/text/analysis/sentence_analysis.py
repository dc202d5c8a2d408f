"""Sentences of the front end -> their analysis."""

from collections.abc import Iterator
from typing import NamedTuple

from server.text.analysis.document import AnalyzedSentence, AnalyzedSyllable, AnalyzedWord, PlacedWarning
from server.text.markup.pinyin import is_chinese
from server.text.pronunciation.candidates import candidate_readings
from server.text.sentence import Sentence
from server.text.text_warning import WARNING_MESSAGES, TextWarning
from server.text.units.syllables import is_erhua, to_phones
from server.text.units.unit_tables import UnitTables
from server.text.words import Syllable
from server.text.written_words import WrittenSyllable, WrittenWord

_ER = "儿"


class _SpokenSyllable(NamedTuple):
    syllable: Syllable
    citation: str | None
    """Its pinyin before tone sandhi; None for English."""
    break_after: int


def analyzed_sentence(sentence: Sentence, tables: UnitTables, speaker: str) -> AnalyzedSentence:
    """The analysis of a sentence for the voice of these tables, with the readings that this voice can speak."""
    start, stop = sentence.input_range
    spoken = _spoken_syllables(sentence)
    shared = _shared_places(sentence)
    return AnalyzedSentence(
        text=sentence.written,
        start=start,
        stop=stop,
        voice=tables.voice,
        speaker=speaker,
        normalized=sentence.normalized,
        words=tuple(_word(word, sentence, spoken, shared, tables) for word in sentence.words),
        pause=sentence.pause,
        symbols=sentence.symbols,
    )


def placed_warning(warning: TextWarning) -> PlacedWarning:
    """A warning whose place is one in the client's input."""
    message = WARNING_MESSAGES[warning.code]
    return PlacedWarning(code=warning.code, message=message, start=warning.start, stop=warning.stop)


def _spoken_syllables(sentence: Sentence) -> Iterator[_SpokenSyllable]:
    """All syllables, one for each of the written words: those of one letter are one for a voice that reads bytes."""
    citations = iter(sentence.lexical_pinyin)
    found: list[_SpokenSyllable] = []
    for word in sentence.prosodic_words:
        last = word.syllables[-1]
        for syllable in word.syllables:
            citation = next(citations) if syllable.pinyin else None
            found.append(_SpokenSyllable(syllable, citation, word.break_level if syllable is last else 0))
    if len(found) == sum(len(word.syllables) for word in sentence.words):
        return iter(found)
    places = [each.syllable.start for each in found]
    return (each for each, following in zip(found, [*places[1:], -1], strict=True) if each.syllable.start != following)


def _shared_places(sentence: Sentence) -> frozenset[tuple[int, int]]:
    """The places of more than one syllable."""
    places = [(syllable.start, syllable.stop) for word in sentence.words for syllable in word.syllables]
    return frozenset(place for place, following in zip(places, [*places[1:], None], strict=True) if place == following)


def _word(
    word: WrittenWord,
    sentence: Sentence,
    spoken: Iterator[_SpokenSyllable],
    shared: frozenset[tuple[int, int]],
    tables: UnitTables,
) -> AnalyzedWord:
    syllables = tuple(
        _syllable(written, next(spoken), sentence, (written.start, written.stop) not in shared, tables)
        for written in word.syllables
    )
    return AnalyzedWord(text=word.text, start=word.start, stop=word.stop, syllables=syllables)


def _syllable(
    written: WrittenSyllable, spoken: _SpokenSyllable, sentence: Sentence, is_alone: bool, tables: UnitTables
) -> AnalyzedSyllable:
    syllable = spoken.syllable
    is_character = is_alone and bool(written.text) and all(map(is_chinese, written.text))
    can_have_reading = is_character and bool(syllable.pinyin) and not tables.reads_bytes
    return AnalyzedSyllable(
        text=written.text,
        start=written.start,
        stop=written.stop,
        spoken=sentence.normalized[slice(*written.spoken)],
        pinyin=syllable.pinyin or None,
        citation=spoken.citation,
        phones=syllable.phones,
        explicit=syllable.explicit,
        readings=tuple(_readings(spoken, tables)) if can_have_reading else (),
        break_after=spoken.break_after,
    )


def _readings(spoken: _SpokenSyllable, tables: UnitTables) -> Iterator[str]:
    """The reading before sandhi, the one that is spoken, and the others that the voice can speak."""
    syllable = spoken.syllable
    known = dict.fromkeys([spoken.citation or syllable.pinyin, syllable.pinyin, *_other_readings(syllable)])
    yield from (reading for reading in known if all(_can_speak(each, tables) for each in reading.split()))


def _other_readings(syllable: Syllable) -> Iterator[str]:
    base = syllable.text[0]
    if not (is_erhua(syllable.pinyin[:-1]) and syllable.text.endswith(_ER)):
        yield from candidate_readings(base)
        return
    for reading in candidate_readings(base):
        yield f"{reading[:-1]}r{reading[-1]}"
    yield from (f"{reading} er2" for reading in candidate_readings(base))


def _can_speak(reading: str, tables: UnitTables) -> bool:
    return tables.phones.issuperset(to_phones(reading[:-1], tables.language))
