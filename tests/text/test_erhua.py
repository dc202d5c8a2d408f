"""儿 merged into the syllable before it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.text.frontend import FrontEnd
from server.text.sentence import Sentence
from server.text.units.syllables import is_erhua
from server.text.units.unit_tables import UnitTables

Read = Callable[[str], list[Sentence]]


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("等一会儿", "deng3 yi2 huir4"),
        ("有一点儿热", "you3 yi4 dianr3 re4"),
        ("一点儿水", "yi4 dianr2 shui3"),
        ("他在那儿玩儿", "ta1 zai4 nar4 wanr2"),
        ("没事儿遛弯儿", "mei2 shir4 liu4 wanr1"),
        ("老头儿慢慢儿走", "lao3 tour2 man4 manr1 zou3"),
        ("好好儿说", "hao3 haor1 shuo1"),
        ("这玩意儿真有趣儿", "zhe4 wan2 yir4 zhen1 you3 qur4"),
        ("刀刃儿上", "dao1 renr4 shang4"),
        ("花瓶儿", "hua1 pingr2"),
        ("明儿见", "mingr2 jian4"),
        ("哪儿都好", "nar3 dou1 hao3"),
    ],
)
def test_er_is_merged_after_a_noun(read: Read, text: str, pinyin: str) -> None:
    (sentence,) = read(text)
    assert " ".join(sentence.pinyin) == pinyin


WORDS_FILE = Path(__file__).with_name("erhua.txt")
WORDS = [word for line in WORDS_FILE.read_text("utf-8").splitlines()[1:] for word in line.split()]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_keeps_its_reading_and_ends_in_erhua(read: Read, word: str) -> None:
    (sentence,), (plain,) = read(f"{word}儿"), read(word)
    assert len(sentence.pinyin) == len(word)
    assert is_erhua(sentence.pinyin[-1][:-1])
    assert sentence.pinyin[-1][:-2] == plain.pinyin[-1][:-1]


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("嗑瓜子儿", "ke4 gua1 zir3"),
        ("新媳妇儿", "xin1 xi2 fur5"),
        ("变戏法儿", "bian4 xi4 far3"),
        ("天儿真热", "tianr1 zhen1 re4"),
    ],
)
def test_the_tone_before_erhua(read: Read, text: str, pinyin: str) -> None:
    (sentence,) = read(text)
    assert " ".join(sentence.pinyin) == pinyin


@pytest.mark.parametrize(
    "text",
    [
        "女儿",
        "婴儿",
        "幼儿园",
        "孤儿院",
        "少儿频道",
        "儿子",
        "这儿童",
        "那儿子",
        "可儿",
        "娜儿",
        "杏儿",
        "为儿求情",
        "鸟儿",
        "点，儿",
        "妻儿",
        "妻子儿女",
        "把儿子接来",
        "铃儿响",
        "星儿",
        "叶儿",
        "春儿",
        "小熊的儿子",
        "今天儿童免费",
    ],
)
def test_er_is_a_syllable_of_its_own_for_a_child_and_in_a_name(read: Read, text: str) -> None:
    (sentence,) = read(text)
    assert any(pinyin in ("er2", "er5") for pinyin in sentence.pinyin)


def test_a_syllable_with_erhua_has_two_characters(read: Read) -> None:
    (sentence,) = read("等一会儿吧")
    syllable = [syllable for group in sentence.prosodic_words for syllable in group.syllables][2]
    assert (syllable.text, syllable.pinyin, syllable.start, syllable.end) == ("会儿", "huir4", 2, 4)
    assert "{h_c$tone4$s_begin" in sentence.symbols
    assert "{ueir_c$tone4$s_end" in sentence.symbols


@pytest.mark.parametrize("lacking", [{"phones": True}, {"untrained": True}])
def test_a_voice_without_erhua_speaks_er(
    tables_of: Callable[..., UnitTables], tables: UnitTables, lacking: dict[str, bool]
) -> None:
    if "phones" in lacking:
        mute = tables_of(
            phones=tuple(phone for phone in sorted(tables.phones) if not phone.endswith("r_c") or phone == "er_c")
        )
    else:
        mute = tables_of(untrained=("erhua",))
    (sentence,) = FrontEnd(mute).analyze("那儿", speaker="F7", emotion="neutral")
    assert [symbol[1:].split("$")[:4] for symbol in sentence.symbols.split()] == [
        ["n_c", "tone4", "s_begin", "word_begin"],
        ["a_c", "tone4", "s_end", "word_middle"],
        ["ge", "tone5", "s_begin", "word_middle"],
        ["er_c", "tone5", "s_end", "word_end"],
        ["#4", "tone_none", "s_none", "word_none"],
    ]
    assert sentence.pinyin == ("nar4",)
    assert sentence.input_spans == ((0, 1), (0, 1), (1, 2), (1, 2), (2, 2))


def test_the_final_e_with_erhua_is_the_phone_er(read: Read) -> None:
    (sentence,) = read("这儿")
    assert sentence.symbols.startswith("{zh_c$tone4$s_begin$word_begin$emotion_neutral$F7} {er_c$tone4$s_end$word_end")
