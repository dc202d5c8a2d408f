"""The user's lexicon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import ConfigurationError
from server.text.frontend import FrontEnd
from server.text.pronunciation.user_lexicon import UserLexicon
from server.text.units.syllables import SYLLABLES
from server.text.units.unit_tables import UnitTables


def read(tables: UnitTables, text: str, **lexicon: str) -> str:
    sentences = FrontEnd(tables, UserLexicon.of(lexicon)).analyze(text, speaker="F7", emotion="neutral")
    return " ".join(syllable for sentence in sentences for syllable in sentence.pinyin)


def test_an_entry_takes_precedence_over_phrases_rules_and_numerals(tables: UnitTables) -> None:
    assert read(tables, "他去银行。", 银行="yin2 xing2") == "ta1 qu4 yin2 xing2"
    assert read(tables, "三十六计", 三十六="san4 shi5 liu1") == "san4 shi5 liu1 ji4"
    assert read(tables, "他长得高", 长="chang2", 得="dei3") == "ta1 chang2 dei3 gao1"


def test_an_entry_reads_a_name_that_the_segmenter_divides(tables: UnitTables) -> None:
    assert read(tables, "乐毅恒和家人", 乐毅恒="yue4 yi4 heng2") == "yue4 yi4 heng2 he2 jia1 ren2"
    assert read(tables, "我在尉氏县工作", 尉氏县="wei4 shi4 xian4") == "wo3 zai4 wei4 shi4 xian4 gong1 zuo4"


def test_the_longest_entry_is_taken(tables: UnitTables) -> None:
    lexicon = {"重": "zhong4", "重阳": "chong2 yang2", "重阳镇": "zhong4 yang2 zhen5"}
    assert read(tables, "重阳镇重阳重", **lexicon) == "zhong4 yang2 zhen5 chong2 yang2 zhong4"


def test_tone_sandhi_does_not_change_an_entry(tables: UnitTables) -> None:
    assert read(tables, "你好") == "ni2 hao3"
    assert read(tables, "你好", 你好="ni3 hao3") == "ni3 hao3"
    assert read(tables, "一个，不对", 一="yi1", 不="bu4") == "yi1 ge5 bu4 dui4"


def test_a_tone_before_an_entry_still_changes(tables: UnitTables) -> None:
    assert read(tables, "我买", 买="mai3") == "wo2 mai3"


def test_a_long_entry_keeps_every_syllable(tables: UnitTables) -> None:
    name = "迪丽热巴迪力木拉提"
    pinyin = "di2 li4 re4 ba1 di2 li4 mu4 la1 ti2"
    assert read(tables, f"{name}。", **{name: pinyin}) == pinyin


def test_an_entry_may_have_erhua_or_not(tables: UnitTables) -> None:
    assert read(tables, "小杏儿来了", 杏儿="xingr4") == "xiao3 xingr4 lai2 le5"
    assert read(tables, "慢慢儿的", 慢慢儿="man4 manr1") == "man4 manr1 de5"
    assert read(tables, "等会儿", 会儿="hui4 er5") == "deng3 hui4 er5"
    assert read(tables, "哥儿俩", 哥="ger1") == "ger1 lia3"


def test_every_invalid_entry_is_reported_with_its_place() -> None:
    with pytest.raises(ConfigurationError) as refused:
        UserLexicon.of({"好": "hao3", "重庆": "chong2", "女": "x"}, lambda word: f"line of {word}")
    first, second = str(refused.value).splitlines()
    assert first.startswith("line of 重庆: lexicon entry '重庆'")
    assert second.startswith("line of 女: lexicon entry '女'")


def test_v_after_j_q_x_y_is_the_same_as_u(tables: UnitTables) -> None:
    assert read(tables, "居女", 居="jv1", 女="nv3") == "ju1 nv3"


@pytest.mark.parametrize(
    ("word", "pinyin", "reason"),
    [
        ("重庆", "chong2", "1 syllables for 2 characters"),
        ("重庆", "chong2 qing4 a5", "3 syllables for 2 characters"),
        ("重庆", "", "0 syllables"),
        ("重庆", "chong2 qing", "'qing'"),
        ("重庆", "chong2 qing6", "'qing6'"),
        ("重庆", "chong2 qinq4", "'qinq4'"),
        ("女", "nü3", "v is ü"),
        ("味儿", "wei4", "1 syllables for 2 characters"),
        ("味", "r4", "'r4'"),
        ("女", "3", "'3'"),
        ("A股", "ei1 gu3", "Chinese characters"),
        ("", "", "Chinese characters"),
        ("重 庆", "chong2 qing4", "Chinese characters"),
    ],
)
def test_an_invalid_entry_is_reported_with_its_fault(word: str, pinyin: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=f"lexicon entry '{word}'.*{reason}"):
        UserLexicon.of({"好": "hao3", word: pinyin})


@given(st.dictionaries(st.text("重庆好你", min_size=1, max_size=3), st.sampled_from(sorted(SYLLABLES))))
def test_a_word_may_have_any_syllable(lexicon: dict[str, str]) -> None:
    full = {word: " ".join([f"{syllable}4"] * len(word)) for word, syllable in lexicon.items()}
    entries = UserLexicon.of(full)
    assert {word: " ".join(reading) for word, reading in entries.readings.items()} == full


def test_a_voice_can_speak_every_syllable(tables: UnitTables) -> None:
    assert len(SYLLABLES) == 411
    for syllable in SYLLABLES:
        assert read(tables, "好", 好=f"{syllable}1") == f"{syllable}1"
