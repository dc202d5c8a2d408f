"""Emoji are dropped or named, each sequence as one."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError
from server.text.frontend import MAX_SENTENCE_SYLLABLES, FrontEnd
from server.text.normalization.normalize import normalize
from server.text.units.unit_tables import UnitTables

EMOJI = [
    "😀",
    "👍🏽",
    "👩🏽\u200d💻",
    "🇨🇳",
    "🇻🇨",
    "❤️",
    "👨\u200d👩\u200d👧",
    "1️⃣",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "🫠",
    "☎️",
    "\u200d",
    "🏽",
    "🇨",
]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("今天真好😀", "今天真好，嘿嘿"),
        ("😀今天真好", "嘿嘿，今天真好"),
        ("很好👍🏽。谢谢", "很好，拇指向上。谢谢"),
        ("哈哈😀😀😀！", "哈哈，嘿嘿！"),
        ("加油🇨🇳加油", "加油，中国旗，加油"),
        ("她是👩🏽\u200d💻", "她是，女程序员"),
        ("我❤️你", "我，红心，你"),
        ("第1️⃣步", "第一步"),
        ("🔞", "十八禁"),
    ],
)
def test_an_emoji_is_named_once(written: str, spoken: str) -> None:
    normalized = normalize(written, "name")
    assert normalized.text == spoken
    assert normalized.warnings == ()
    assert len(normalized.origin) == len(spoken)


def test_a_dropped_emoji_is_listed_whole() -> None:
    normalized = normalize("很好👍🏽🇨🇳。")
    assert normalized.text == "很好。"
    assert normalized.warnings == ("emoji and symbols are not read: 👍🏽 🇨🇳",)


def test_an_emoji_without_a_name_is_dropped_with_a_warning() -> None:
    normalized = normalize("很好🂡。", "name")
    assert normalized.text == "很好。"
    assert "🂡" in normalized.warnings[0]


@given(st.lists(st.sampled_from([*EMOJI, "好", "a", "9", "。", "，"]), max_size=60).map("".join))
def test_any_sequence_is_spoken_within_the_maximum_sentence_length(tables: UnitTables, text: str) -> None:
    try:
        sentences = FrontEnd(tables, emoji="name").analyze(text, speaker="F7", emotion="neutral")
    except RequestError as error:
        assert error.code == "nothing_to_speak"  # noqa: PT017 - a refusal is allowed too
        return
    assert all(len(sentence.pinyin) <= MAX_SENTENCE_SYLLABLES for sentence in sentences)
    assert all(normalize(sentence.normalized).text == sentence.normalized for sentence in sentences)


def test_the_names_are_loaded_with_the_first_emoji() -> None:
    code = (
        "import sys; from server.text.normalization import emoji;"
        "from server.text.normalization.normalize import normalize;"
        "normalize('今天天气很好。', 'name'); sys.exit(emoji._names.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
