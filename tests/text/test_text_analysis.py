"""The analysis of a text: every part has its place in what the client wrote, and nothing is left out in silence."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import NothingToSpeakError
from server.synthesis.synthesizer import Synthesizer
from server.text.analysis.document import AnalyzedSentence, AnalyzedSyllable
from server.text.analysis.sentence_analysis import analyzed_sentence, placed_warning
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.pronunciation.user_lexicon import EMPTY_LEXICON, UserLexicon
from server.text.replacements import Replacements
from server.text.sentence import Sentence
from server.text.text_warning import TextWarning
from server.text.units.unit_tables import UnitTables
from server.voices.voice import Voice
from tests.conftest import EMBEDDED

TABLES = UnitTables(Voice(EMBEDDED).manifest)
FRONT_END = FrontEnd(TABLES)

CHARACTERS = st.one_of(
    st.sampled_from("重庆一不老虎点儿女长得了的我们龘𠀀乾"),
    st.sampled_from("0123456789.,:%-/"),
    st.sampled_from("abzXYé'"),
    st.sampled_from("，。？！、：；—…（）「」 \n\t"),
    st.sampled_from("℃㎡㍿①½😀🎉©\u200b\u0301\ufe0f\ue000\ue010\ud800"),
    st.characters(exclude_categories=["Cc"], exclude_characters="<["),
)
TEXTS = st.text(CHARACTERS, max_size=30)


def analyzed(
    text: str, front_end: FrontEnd = FRONT_END, tables: UnitTables = TABLES, speaker: str = "female"
) -> tuple[list[AnalyzedSentence], list[TextWarning]]:
    warnings: list[TextWarning] = []
    sentences = []
    items = front_end.segments(parse_markup(text), speaker=speaker, emotion="neutral", report=warnings.append)
    with suppress(NothingToSpeakError):
        sentences = [analyzed_sentence(item, tables, speaker) for item in items if isinstance(item, Sentence)]
    return sentences, warnings


def syllables_of(sentences: Sequence[AnalyzedSentence]) -> list[AnalyzedSyllable]:
    return [syllable for sentence in sentences for word in sentence.words for syllable in word.syllables]


def read(text: str) -> dict[str, AnalyzedSyllable]:
    return {syllable.text: syllable for syllable in syllables_of(analyzed(text)[0])}


@given(TEXTS)
def test_every_place_is_exact(text: str) -> None:
    written = text.translate(dict.fromkeys(map(ord, "\ue000\ue010\ue011\ue012\ue013\ud800"), "\ufffd"))
    sentences, warnings = analyzed(text)
    for sentence in sentences:
        assert sentence.text == _replaced(written[sentence.start : sentence.stop])
        for word in sentence.words:
            assert sentence.start <= word.start < word.stop <= sentence.stop
            assert word.text == _replaced(written[word.start : word.stop])
            for syllable in word.syllables:
                assert word.start <= syllable.start < syllable.stop <= word.stop
                assert syllable.text == _replaced(written[syllable.start : syllable.stop])
        assert all(left.stop <= right.start for left, right in pairwise(sentence.words))
    assert all(left.stop <= right.start for left, right in pairwise(sentences))
    assert all(0 <= warning.start < warning.stop <= len(text) for warning in warnings)


def _replaced(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


@given(TEXTS)
def test_every_chinese_character_is_read_or_named_in_a_warning(text: str) -> None:
    sentences, warnings = analyzed(text)
    covered = {index for each in (*syllables_of(sentences), *warnings) for index in range(each.start, each.stop)}
    assert not [char for index, char in enumerate(text) if "\u4e00" <= char <= "\u9fff" and index not in covered]


@given(TEXTS)
def test_the_syllables_are_those_of_the_sentence(text: str) -> None:
    for sentence in FRONT_END.segments(text + "好", speaker="female", emotion="neutral"):
        assert isinstance(sentence, Sentence)
        syllables = syllables_of([analyzed_sentence(sentence, TABLES, "female")])
        assert tuple(each.pinyin for each in syllables if each.pinyin) == sentence.pinyin
        assert tuple(each.citation for each in syllables if each.pinyin) == sentence.lexical_pinyin
        assert [each.break_after for each in syllables if each.break_after] == [
            word.break_level for word in sentence.prosodic_words
        ]
        assert "".join(each.pinyin or "" for each in syllables) == "".join(sentence.pinyin)


@given(TEXTS)
def test_every_reading_that_is_offered_can_be_chosen(text: str) -> None:
    """The mark of a reading gives exactly that reading, and leaves the others at their places."""
    for number, syllable in enumerate(syllables_of(analyzed(text)[0])):
        for reading in syllable.readings[:3]:
            marked = f"{text[: syllable.stop]}[{reading}]{text[syllable.stop :]}"
            chosen = syllables_of(analyzed(marked)[0])
            pinyin = [each.pinyin for each in chosen if each.explicit and each.start == syllable.start]
            assert pinyin == [reading.split()[0]], (marked, number)


def test_numbers_and_symbols_have_what_is_read_for_them() -> None:
    (sentence,), _ = analyzed("今天25℃。")
    assert sentence.normalized == "今天二十五摄氏度。"
    words = {word.text: "".join(each.spoken for each in word.syllables) for word in sentence.words}
    assert words == {"今天": "今天", "25": "二十五", "℃": "摄氏度"}
    assert {each.readings for each in sentence.words[1].syllables} == {()}


def test_readings_before_and_after_sandhi() -> None:
    found = read("老虎来了。")
    assert (found["老"].citation, found["老"].pinyin, found["老"].readings[:2]) == ("lao3", "lao2", ("lao3", "lao2"))
    assert found["了"].break_after == 4


def test_erhua_can_be_read_as_two_syllables() -> None:
    assert read("有点儿。")["点儿"].readings == ("dianr3", "dian3 er2")


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("你好😀。", "unread_symbol", "😀"),
        ("你好©再见", "unread_symbol", "©"),
        ("甲ж乙", "unreadable_character", "ж"),
        ("他说𮯰话", "unknown_reading", "𮯰"),
        ("好[foo2]", "not_pinyin", "[foo2]"),
        ("<speak>你<mark name='a'/>好</speak>", "ignored_element", "<mark"),
        ("<speak><emotion category='happy' intensity='2'>好</emotion></speak>", "ignored_intensity", "<emotion"),
        ("😀", "unread_symbol", "😀"),
    ],
)
def test_warnings_have_their_place(text: str, code: str, place: str) -> None:
    _, (warning,) = analyzed(text)
    assert (warning.code, text[warning.start : warning.stop]) == (code, place)
    assert placed_warning(warning).message


def test_letters_that_are_spelled() -> None:
    manifest = Voice(EMBEDDED).manifest
    tables = UnitTables(manifest.model_copy(update={"untrained": ("english",)}))
    sentences, warnings = analyzed("买iPhone吧", FrontEnd(tables), tables)
    assert {each.code for each in warnings} == {"spelled_letters"}
    assert "".join("买iPhone吧"[each.start : each.stop] for each in warnings) == "iPhone"
    assert [word.text for word in sentences[0].words] == ["买", "iPhone", "吧"]


def test_replacements_keep_their_places() -> None:
    front_end = FRONT_END.with_wording(EMPTY_LEXICON, Replacements.of({"SQL": "sequel©", "草地": "草坪"}))
    text = "学SQL在草地上😀"
    sentences, warnings = analyzed(text, front_end)
    assert [word.text for word in sentences[0].words] == ["学", "SQL", "在", "草地", "上"]
    assert [text[each.start : each.stop] for each in warnings] == ["SQL", "😀"]


def test_a_reading_of_the_lexicon_is_explicit() -> None:
    front_end = FRONT_END.with_wording(UserLexicon.of({"重阳": "chong2 yang2"}), Replacements.of({}))
    (sentence,), _ = analyzed("重阳节", front_end)
    assert [each.explicit for each in syllables_of([sentence])] == [True, True, False]


def test_a_voice_that_reads_bytes_takes_no_readings(golden: Callable[[str], Synthesizer]) -> None:
    tables = UnitTables(golden("byte_16k").voice.manifest)
    (sentence,), _ = analyzed("WHO重视。", FrontEnd(tables), tables, "F7")
    assert [each.text for each in syllables_of([sentence])] == ["W", "H", "O", "重", "视"]
    assert {each.readings for each in syllables_of([sentence])} == {()}
