"""Traditional characters are read like simplified ones."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.frontend import FrontEnd
from server.text.normalization.normalize import normalize
from server.text.normalization.traditional import simplified
from server.text.pronunciation.user_lexicon import UserLexicon
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables

Read = Callable[[str], list[Sentence]]


@pytest.mark.parametrize(
    ("traditional", "plain"),
    [
        ("這個軟體很好用。", "这个软体很好用。"),
        ("她的頭髮很乾燥。", "她的头发很干燥。"),
        ("後來皇后坐在裡面。", "后来皇后坐在里面。"),
        ("他看著一本著名的書。", "他看着一本著名的书。"),
        ("乾隆年間的銀行行長。", "乾隆年间的银行行长。"),
        ("這是土著的麵條，甚麼味道？", "这是土著的面条，什么味道？"),
        ("下午3點，第5號，週一，2兩酒，30塊錢，100萬個。", "下午3点，第5号，周一，2两酒，30块钱，100万个。"),
        ("2024年3月5號氣溫-5℃，2個人，5隻雞。", "2024年3月5号气温-5℃，2个人，5只鸡。"),
    ],
)
def test_a_traditional_sentence_is_read_as_the_simplified_one(read: Read, traditional: str, plain: str) -> None:
    (old,), (new,) = read(traditional), read(plain)
    assert old.normalized == new.normalized
    assert old.pinyin == new.pinyin
    assert old.origin == new.origin
    assert old.text == traditional


@pytest.mark.parametrize("text", ["乾隆看着沈阳的著名建筑", "玥喆在乾清宫，于是", "abc", "", "一只鸟"])
def test_a_simplified_text_does_not_change(text: str) -> None:
    assert simplified(text) == text


@given(st.text(st.sampled_from("這後裡著乾隆髮面麼甚土a1\ud800𠮷。")))
def test_the_number_of_characters_does_not_change(text: str) -> None:
    assert len(simplified(text)) == len(text)
    assert normalize(normalize(text).text).text == normalize(text).text


def test_a_word_of_the_user_lexicon_can_be_written_in_either_script(tables: UnitTables) -> None:
    for word in ("龍單", "龙单"):
        front_end = FrontEnd(tables, UserLexicon.of({word: "long2 shan4"}))
        for text in ("龍單來了這裡", "龙单来了这里"):
            (sentence,) = front_end.analyze(text, speaker="F7", emotion="neutral")
            assert sentence.pinyin[:2] == ("long2", "shan4")


def test_the_conversion_is_loaded_with_the_first_text_that_needs_it() -> None:
    code = (
        "import sys; from server.text.normalization.normalize import normalize; normalize('今天天气很好。');"
        "loaded = 'opencc' in sys.modules; normalize('這個'); sys.exit(loaded or 'opencc' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
