"""The words of a sentence are those that the client wrote, in order, and every phone belongs to one of them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import NothingToSpeakError, RequestError
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.normalization.normalize import normalize
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables
from tests.text.test_normalize import WRITTEN
from tests.text.test_ssml import DOCUMENTS

Read = Callable[[str], list[Sentence]]
MARKED = st.lists(
    st.sampled_from(["重[chong2]庆", "一点儿[dianr3]", "[pause:200ms]", "25℃", "，", "。", "Hello ", "GitHub", "难"])
).map("".join)


@pytest.fixture(scope="module")
def read(front_end: FrontEnd) -> Read:
    """Analyzes a text with markup."""
    return lambda text: front_end.analyze(parse_markup(text), speaker="F7", emotion="neutral")


@pytest.fixture(scope="module")
def read_bytes(byte_tables: UnitTables) -> Read:
    return lambda text: FrontEnd(byte_tables).analyze(parse_markup(text), speaker="F7", emotion="neutral")


def words_of(sentences: list[Sentence]) -> list[tuple[str, list[str]]]:
    """The words with the texts of their syllables."""
    return [(word.text, [syllable.text for syllable in word.syllables]) for each in sentences for word in each.words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今天天气好", ["今天", "天气", "好"]),
        ("25℃", ["25", "℃"]),
        ("-5℃", ["-", "5", "℃"]),
        ("25%的", ["25%", "的"]),
        ("¥5999元", ["¥5999", "元"]),
        ("2024年3月5日", ["2024", "年", "3", "月", "5", "日"]),
        ("2024-03-05", ["2024-03-05"]),
        ("早8:30见", ["早", "8:30", "见"]),
        ("3.14和1/3", ["3.14", "和", "1/3"]),
        ("12,345元", ["12,345", "元"]),
        ("拨打13800138000", ["拨打", "13800138000"]),
        ("GitHub的WWW和don’t", ["GitHub", "的", "WWW", "和", "don’t"]),
        ("ＡＢＣ，１２３", ["ＡＢＣ", "１２３"]),
        ("①②", ["①", "②"]),
        ("難過", ["難過"]),
        ("café", ["café"]),
        ("cafe\u0301 1\ufe0f\u20e3", ["cafe\u0301", "1\ufe0f\u20e3"]),
        ("你𠮷好", ["你", "好"]),
    ],
)
def test_words_are_those_of_the_client(text: str, words: list[str], read: Read, read_bytes: Read) -> None:
    for sentences in (read(text), read_bytes(text)):
        assert [word for word, _ in words_of(sentences)] == words
        assert [text[word.start : word.stop] for each in sentences for word in each.words] == words


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("25℃", [["25"] * 3, ["℃"] * 3]),
        ("2024年", [["2", "0", "2", "4"], ["年"]]),
        ("一点儿", [["一", "点儿"]]),
        ("GitHub", [["Git", "Hub"]]),
        ("一点儿[dianr3]", [["一", "点儿"]]),
    ],
)
def test_syllables_have_the_characters_that_they_are_read_from(
    text: str, syllables: list[list[str]], read: Read
) -> None:
    assert [parts for _, parts in words_of(read(text))] == syllables


def test_erhua_that_a_voice_reads_as_two_syllables_is_one(tables_of: Callable[..., UnitTables]) -> None:
    front_end = FrontEnd(tables_of(untrained=("erhua",)))
    (sentence,) = front_end.analyze("点儿", speaker="F7", emotion="neutral")
    ((syllable,),) = [word.syllables for word in sentence.words]
    assert (syllable.text, syllable.pinyin, syllable.units) == ("点儿", "dianr3", range(4))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("今<emotion category='neutral'>天</emotion>是", ["今天", "是"]),
        ("<say-as interpret-as='date'>2024-03-05</say-as>到", ["2024-03-05", "到"]),
        ("AT&amp;T", ["AT", "&", "T"]),
        ("<sub alias='人工智能'> A.I. </sub>好", ["A.I.", "好"]),
        ("<phoneme ph='chong2 qing4'>重庆</phoneme>", ["重庆"]),
        ("<phoneme ph='dianr3'>点儿</phoneme>", ["点儿"]),
        ("<phoneme ph='ni3 hao3'/>好", ["", "好"]),
        ("你<break strength='none'/>好", ["你", "好"]),
    ],
)
def test_words_have_no_markup(content: str, words: list[str], read: Read) -> None:
    (sentence,) = read(f"<speak>{content}</speak>")
    assert [word for word, _ in words_of([sentence])] == words
    assert [sentence.written[word.offset :][: len(word.text)] for word in sentence.words] == words


def test_a_position_is_that_of_the_input_with_its_markup(read: Read) -> None:
    text = "<speak>今天<emotion category='neutral'>很</emotion>好。</speak>"
    (sentence,) = read(text)
    assert [text[word.start : word.stop] for word in sentence.words] == ["今天", "很", "好"]
    assert text[slice(*sentence.input_range)] == "今天<emotion category='neutral'>很</emotion>好。"
    assert sentence.written == "今天很好。"


@pytest.mark.parametrize("text", ["你\ud800好。", "你\ud800[pause:1ms]好[hao3]\udfff。"])
def test_half_of_a_surrogate_pair_is_replaced(text: str, read: Read) -> None:
    for sentence in read(text):
        sentence.written.encode()
        assert len(sentence.written) == len(sentence.text)
        assert all(word.text in sentence.written for word in sentence.words)


def check(sentences: list[Sentence], text: str, *, is_plain: bool) -> None:
    position = 0
    for sentence in sentences:
        start, stop = sentence.input_range
        assert 0 <= position <= start < stop <= len(text) or not is_plain
        before, offset, position = start, 0, start
        assert sentence.words
        units: list[int] = []
        for word in sentence.words:
            assert before <= word.start <= word.stop <= stop
            assert offset <= word.offset
            assert sentence.written[word.offset :].startswith(word.text)
            before, offset = word.stop, word.offset + len(word.text)
            position = word.start
            for syllable in word.syllables:
                assert position <= syllable.start <= syllable.stop <= word.stop
                assert syllable.text in word.text
                position = syllable.start
                units += syllable.units
            assert not is_plain or text[word.start : word.stop] == word.text
        assert units == sorted(set(units))
        if sentence.unit_symbols[0].syllable is not None:
            assert units == [unit for unit, symbol in enumerate(sentence.unit_symbols) if not symbol.is_break]


@given(st.one_of(st.text(st.characters(exclude_categories=["Co"])), WRITTEN))
def test_words_of_any_plain_text_are_in_order(front_end: FrontEnd, byte_tables: UnitTables, text: str) -> None:
    for each in (front_end, FrontEnd(byte_tables)):
        try:
            sentences = each.analyze(text, speaker="F7", emotion="neutral")
        except NothingToSpeakError:
            continue
        check(sentences, text, is_plain=True)


@given(st.one_of(DOCUMENTS.map("<speak>{}</speak>".format), MARKED))
def test_words_of_any_markup_are_in_order(read: Read, read_bytes: Read, text: str) -> None:
    for each in (read, read_bytes):
        try:
            sentences = each(text)
        except RequestError:
            continue
        check(sentences, text, is_plain=False)


@given(st.one_of(st.text(), WRITTEN))
def test_every_character_is_aligned_with_what_it_reads(text: str) -> None:
    normalized = normalize(text)
    assert len(normalized.spans) == len(normalized.text)
    for ends in zip(*normalized.spans, strict=True):
        assert list(ends) == sorted(ends)
    assert all(0 <= start < end <= len(text) for start, end in normalized.spans)
    assert all(start <= origin < end for (start, end), origin in zip(normalized.spans, normalized.origin, strict=True))


@pytest.mark.parametrize(
    ("text", "spoken", "written"),
    [
        ("25℃", "二十五", "25"),
        ("25℃", "摄氏度", "℃"),
        ("-5℃", "零下", "-"),
        ("在8:30见", "八点三十分", "8:30"),
        ("百度25%", "二十五", "25%"),
        ("2024年", "零", "0"),
        ("5千克", "千克", "千克"),
        ("5kg", "千克", "kg"),
        ("3:0完胜", "比", ":"),
    ],
)
def test_a_reading_is_aligned_with_what_it_reads(text: str, spoken: str, written: str) -> None:
    normalized = normalize(text)
    start = normalized.text.index(spoken)
    spans = normalized.spans[start : start + len(spoken)]
    assert text[spans[0][0] : spans[-1][1]] == written
