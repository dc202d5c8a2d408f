"""The front end: sentences with their units, input spans, pauses and warnings."""

import re
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import NothingToSpeakError, RequestError
from server.text.frontend import MAX_SENTENCE_SYLLABLES, FrontEnd
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables

CHINESE = st.text(
    st.sampled_from("今天不一个的了着儿地得好你我他想买很老虎点十百千2048.,:-/%￥，。！？；、（）“”…\n aBW😀の\0\ud800")
)
Read = Callable[[str], list[Sentence]]


def read_or_refuse(read: Read, text: str) -> list[Sentence]:
    """The sentences of any text; none where there is nothing to speak."""
    try:
        return read(text)
    except RequestError as refused:
        assert refused.code == "nothing_to_speak"  # noqa: PT017 - both ends are allowed, nothing else is
        return []


@given(st.one_of(st.text(), CHINESE))
def test_any_text_is_spoken_or_has_nothing_to_speak(read: Read, tables: UnitTables, text: str) -> None:
    for sentence in read_or_refuse(read, text):
        assert len(sentence.pinyin) <= MAX_SENTENCE_SYLLABLES
        assert sentence.prosodic_words
        assert tables.decode(sentence.units) == sentence.symbols
        assert all(
            syllable[:-1].isascii() and syllable[:-1].isalpha() and syllable[-1] in "12345"
            for syllable in sentence.pinyin
        )
        "".join((sentence.normalized, *sentence.warnings)).encode()


@given(st.one_of(st.text(), CHINESE))
def test_every_unit_has_an_ascending_input_span(read: Read, text: str) -> None:
    spans = [span for sentence in read_or_refuse(read, text) for span in sentence.input_spans]
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert [end for _, end in spans] == sorted(end for _, end in spans)
    assert all(0 <= start <= end <= len(text) for start, end in spans)


@pytest.mark.parametrize(
    ("text", "parts"),
    {
        "25℃。": ["2", "2", "2", "2", "5", "5", "℃", "℃", "℃", "℃", "℃", "℃"],
        "好，，好。": ["好", "好", "好", "好"],
        "  你": ["你", "你"],
    }.items(),
)
def test_input_spans_cover_the_source_characters(read: Read, text: str, parts: list[str]) -> None:
    (sentence,) = read(text)
    assert [text[start:end] for start, end in sentence.input_spans if start < end] == parts


@given(CHINESE)
def test_prosody_counts_up_to_the_last_syllable(read: Read, text: str) -> None:
    for sentence in read_or_refuse(read, text):
        assert list(sentence.break_levels) == sorted(sentence.break_levels)
        assert max(sentence.break_levels) == len(sentence.pinyin) == len(sentence.lexical_pinyin)
        assert set(sentence.break_levels.values()) <= {1, 2, 3, 4}


@given(CHINESE)
def test_flags_run_over_the_phones_of_each_word(read: Read, text: str) -> None:
    for sentence in read_or_refuse(read, text):
        units = [symbol[1:-1].split("$") for symbol in sentence.symbols.split()]
        words = [list(group) for is_break, group in groupby(units, lambda unit: unit[0][0] == "#") if not is_break]
        breaks = [unit for unit in units if unit[0][0] == "#"]
        assert len(breaks) == len(words)
        assert [unit[0] for unit in units][-1] == "#4"
        assert all(unit[0] in ("#1", "#2", "#3", "#4") for unit in breaks)
        assert all(unit[1:5] == ["tone_none", "s_none", "word_none", "emotion_none"] for unit in breaks)
        for word in words:
            syllables = " ".join(unit[2].removeprefix("s_") for unit in word)
            assert re.fullmatch("((begin( middle)* end|both)( |$))+", syllables)
            inner = ["word_begin", *["word_middle"] * (len(word) - 2), "word_end"]
            assert [unit[3] for unit in word] == (inner if len(word) > 1 else ["word_both"])
            if word[0][0].endswith("_c") or word[0][0] in ("ga", "ge", "go"):
                assert len(word) <= 10
                assert syllables.split() == ["begin", "end"] * (len(word) // 2)
            assert {unit[4] for unit in word} == {"emotion_neutral"}


@given(CHINESE)
def test_sentences_are_slices_of_the_text_in_order(read: Read, text: str) -> None:
    place = 0
    for sentence in read_or_refuse(read, text):
        place = text.index(sentence.text, place) + len(sentence.text)


@given(st.one_of(st.text(), CHINESE))
def test_a_voice_that_reads_bytes_gets_the_normalized_sentence(byte_tables: UnitTables, text: str) -> None:
    for sentence in read_or_refuse(lambda text: FrontEnd(byte_tables).analyze(text, speaker="F7", emotion="sad"), text):
        assert bytes(sentence.units.features[:, 0].tolist()).decode() == sentence.normalized
        assert sentence.symbols.startswith("{" + f"{sentence.normalized.encode()[0]}$emotion_sad$F7" + "}")


@pytest.mark.parametrize("longest", [4, 13, 50])
@given(text=CHINESE)
def test_a_sentence_fits_into_the_maximum_units_of_the_voice(
    tables_of: Callable[..., UnitTables], longest: int, text: str
) -> None:
    for kind in ("phones", "bytes"):
        front_end = FrontEnd(tables_of(kind=kind, longest=longest * 4))
        sentences = read_or_refuse(lambda text, end=front_end: end.analyze(text, speaker="F7", emotion="neutral"), text)
        assert all(len(sentence.units) <= longest * 4 for sentence in sentences)


@pytest.mark.parametrize(
    "text", ["", "  \n", "😀🎉", "。！？", "\x00\x07", "\ud800\udfff", "안녕", "、、、", "###", "\u200b"]
)
def test_a_text_with_nothing_to_speak_is_refused(read: Read, text: str) -> None:
    with pytest.raises(NothingToSpeakError, match="nothing to speak") as refused:
        read(text)
    assert (refused.value.param, refused.value.code) == ("input", "nothing_to_speak")
    str(refused.value).encode()


def test_every_unit_has_the_speaker_and_the_emotion(front_end: FrontEnd) -> None:
    (sentence,) = front_end.analyze("好", speaker="xiaoyu", emotion="happy")
    assert sentence.symbols == (
        "{h_c$tone3$s_begin$word_begin$emotion_happy$xiaoyu} {ao_c$tone3$s_end$word_end$emotion_happy$xiaoyu} "
        "{#4$tone_none$s_none$word_none$emotion_none$xiaoyu}"
    )
    assert sentence.units.speakers.tolist() == [1, 1, 1]


def test_sentences_are_analyzed_on_request(front_end: FrontEnd) -> None:
    sentences = front_end.segments("你好。" + "今天天气很好。" * 100_000, speaker="F7", emotion="neutral")
    assert next(sentences).text == "你好。"
    assert next(sentences).text == "今天天气很好。"


def test_each_warning_occurs_once(read: Read) -> None:
    first, second, third = read("打开App😀。再开App😀。好の。")
    assert len(first.warnings) == 1
    assert second.warnings == ()
    assert "の" in third.warnings[0]


def test_a_warning_before_the_first_sentence_belongs_to_it(read: Read) -> None:
    (sentence,) = read("😀" * 200 + "好")
    assert "😀" in sentence.warnings[0]


def test_an_unknown_character_is_skipped_and_named(read: Read) -> None:
    (sentence,) = read("你𠮷好")
    assert sentence.pinyin == ("ni3", "hao3") or sentence.pinyin == ("ni2", "hao3")
    assert "𠮷" in sentence.warnings[0]


def test_sichuan_is_read_with_its_own_phones(tables_of: Callable[..., UnitTables]) -> None:
    (sentence,) = FrontEnd(tables_of("Sichuan")).analyze("知识", speaker="F7", emotion="neutral")
    assert [symbol.split("$")[0] for symbol in sentence.symbols.split()] == ["{z_c", "{ii_c", "{s_c", "{ii_c", "{#4"]
    assert sentence.pinyin[0] == "zhi1"


@pytest.mark.parametrize("language", ["ZhHK", "WuuShanghai", "Klingon"])
def test_text_in_another_language_is_refused(tables_of: Callable[..., UnitTables], language: str) -> None:
    front_end = FrontEnd(tables_of(language))
    with pytest.raises(RequestError, match=f"Mandarin only.*{language}.*symbols"):
        front_end.analyze("你好", speaker="F7", emotion="neutral")


def test_a_missing_phone_is_reported_with_its_syllable(tables_of: Callable[..., UnitTables]) -> None:
    front_end = FrontEnd(tables_of(phones=("n_c", "i_c", "h_c", "#1", "#4")))
    with pytest.raises(RequestError, match=r"'ao_c'.*'hao3'"):
        front_end.analyze("你好", speaker="F7", emotion="neutral")


def test_the_dictionaries_are_loaded_by_the_first_text() -> None:
    code = "import sys, server.text.frontend; sys.exit(bool({'g2pM', 'opencc', 'onnxruntime'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sentence_has_the_origin_of_its_characters(read: Callable[[str], list[Sentence]]) -> None:
    for sentence in read("  你好。  气温-5℃，\n“真冷”！"):
        assert len(sentence.origin) == len(sentence.normalized)
        kept = [
            (spoken, sentence.text[place]) for spoken, place in zip(sentence.normalized, sentence.origin, strict=True)
        ]
        assert kept[0][0] == kept[0][1]
        assert kept[-1][0] == kept[-1][1]
