"""Sentences whose readings a person has reviewed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from server.text.sentence import Sentence

LINES = (Path(__file__).parent / "readings.txt").read_text(encoding="utf-8").splitlines()[1:]
READINGS = [tuple(line.split(" = ")) for line in LINES]


def spoken(sentence: Sentence) -> str:
    """Syllables alone: `ni2 hao3`, English ones as `t-uw'` (stressed) and `ah-n`; breaks have a table of their own."""
    return " ".join(
        syllable.pinyin or "-".join(syllable.phones) + "'" * syllable.stressed
        for word in sentence.prosodic_words
        for syllable in word.syllables
    )


@pytest.mark.parametrize(("text", "reading"), READINGS)
def test_a_sentence_has_the_reviewed_reading(read: Callable[[str], list[Sentence]], text: str, reading: str) -> None:
    (sentence,) = read(text)
    assert spoken(sentence) == " ".join(mark for mark in reading.split() if mark[0] != "#")


def test_the_symbols_are_those_of_the_original_front_end(read: Callable[[str], list[Sentence]]) -> None:
    (sentence,) = read("北京今天天气怎么样")
    expected = (
        "b_c:3 ei_c:3 j_c:1 ing_c:1 #1 j_c:1 in_c:1 t_c:1 ian_c:1 #1 "
        "t_c:1 ian_c:1 q_c:4 i_c:4 #2 z_c:3 en_c:3 m_c:5 e_c:5 y_c:4 ang_c:4 #4"
    )
    flags = {4: ["begin", "middle", "middle", "end"], 6: ["begin", *["middle"] * 4, "end"]}
    symbols = []
    for word in re.findall(r"[^#]+#\d", expected):
        phones = [unit.split(":") for unit in word.split()[:-1]]
        for place, ((phone, tone), flag) in enumerate(zip(phones, flags[len(phones)], strict=True)):
            half = "s_end" if place % 2 else "s_begin"
            symbols.append(f"{{{phone}$tone{tone}${half}$word_{flag}$emotion_neutral$F7}}")
        symbols.append(f"{{#{word[-1]}$tone_none$s_none$word_none$emotion_none$F7}}")
    assert sentence.symbols.split() == symbols
