"""The dictionaries in files. Their results must be those of rjieba and pypinyin, whose data they hold."""

import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
import rjieba
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_tone3

from server.text.characters import HAN, PLACEHOLDER
from server.text.dictionaries import segmenter
from server.text.dictionaries.mapped_trie import open_trie
from server.text.dictionaries.pinyin_dictionary import pinyin_dictionary

ROOT = Path(__file__).parents[2]
CORPORA = [*sorted(Path(__file__).parent.glob("*.txt")), ROOT / "training" / "prosody" / "sentences.txt"]
PHRASES = sorted(PHRASES_DICT)
CHARACTERS = sorted(map(chr, PINYIN_DICT))
HAN_RUN = re.compile(f"[{HAN.replace(PLACEHOLDER, '')}]+")
CONSONANTS = {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}

parts_of_phrases = st.tuples(st.sampled_from(PHRASES), st.integers(0, 2), st.integers(1, 4)).map(
    lambda part: part[0].replace("，", "")[part[1] : part[1] + part[2]]
)
characters = st.sampled_from("的一是不了为得地着在人有我他这中大来上个国说们〇哷樛瑊滍龘劉㐀䶵𠀀")
runs = st.lists(parts_of_phrases | characters, min_size=1, max_size=12).map("".join)
"""Words, their beginnings and ends, and characters that are rare or no words."""
texts = st.text(st.sampled_from("中国人民a1Z，。 \r\n+-.%_#&é〇𠀀"), max_size=12)


def corpus_runs() -> list[str]:
    """Every run of Chinese characters in the sentences of the repository."""
    lines = chain.from_iterable(path.read_text(encoding="utf-8").splitlines() for path in CORPORA)
    return sorted({run for line in lines for run in HAN_RUN.findall(re.sub("#[1-4]", "", line))})


def to_ascii(reading: str) -> str:
    """pypinyin's reading as the server writes it."""
    base, tone = reading[:-1].replace("ü", "v"), reading[-1:]
    return CONSONANTS.get(base, base) + tone


def expected_readings(text: str) -> list[str]:
    """The readings of pypinyin; an unknown character is its own reading."""
    found = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False, errors=list)
    return [char if reading.startswith(char) else to_ascii(reading) for char, reading in zip(text, found, strict=True)]


def check_segmentation(run: str) -> None:
    assert segmenter.cut(run) == rjieba.cut(run)
    assert segmenter.cut_for_search(run) == rjieba.cut_for_search(run)
    assert segmenter.tagged_words(run) == rjieba.tag(run)
    check_words_of_the_dictionary(run)


def check_words_of_the_dictionary(text: str) -> None:
    assert segmenter.cut(text, guess=False) == rjieba.cut(text, False)
    assert segmenter.tags(text) == [tag for _, tag in rjieba.tag(text, False)]


def test_sentences_are_divided_and_tagged_as_by_rjieba() -> None:
    found = corpus_runs()
    assert len(found) > 3000
    for run in found:
        check_segmentation(run)


@given(runs)
def test_any_characters_are_divided_and_tagged_as_by_rjieba(run: str) -> None:
    check_segmentation(run)


@given(texts)
def test_letters_and_symbols_are_tagged_as_by_rjieba(text: str) -> None:
    check_words_of_the_dictionary(text)


def test_sentences_are_read_as_by_pypinyin() -> None:
    for run in corpus_runs():
        assert pinyin_dictionary().readings(run) == expected_readings(run)


def test_every_phrase_is_read_as_by_pypinyin() -> None:
    toned = cache(lambda reading: to_ascii(to_tone3(reading, neutral_tone_with_five=True)))
    for phrase, readings in PHRASES_DICT.items():
        assert pinyin_dictionary().longest_phrase(phrase) == len(phrase)
        assert pinyin_dictionary().readings(phrase) == [toned(of_character[0]) for of_character in readings]


@given(runs)
def test_any_characters_are_read_as_by_pypinyin(run: str) -> None:
    assert pinyin_dictionary().readings(run) == expected_readings(run)


def test_every_character_has_the_readings_of_pypinyin() -> None:
    for char in CHARACTERS:
        [expected] = pinyin(char, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True, v_to_u=False)
        assert list(dict.fromkeys(pinyin_dictionary().character_readings(char))) == list(
            dict.fromkeys(map(to_ascii, expected))
        )
    assert pinyin_dictionary().character_readings("A") == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"words\.trie"):
        open_trie(tmp_path / "words.trie")


@pytest.mark.parametrize("beginning", ["一块石头", "一文钱难倒", "下不了", "三人为"])
def test_phrases_inside_an_unfinished_phrase_do_not_count(beginning: str) -> None:
    assert pinyin_dictionary().readings(beginning) == expected_readings(beginning)
