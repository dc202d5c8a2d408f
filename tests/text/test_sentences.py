from itertools import accumulate

import pytest
import rjieba
from hypothesis import given
from hypothesis import strategies as st

from server.text.normalization.normalize import SYLLABLE, weigh
from server.text.sentence_splitting import split


def weight(char: str) -> int:
    """In syllables, each letter spelled."""
    return -(-weigh(char, speaks_english=False) // SYLLABLE)


def words(text: str) -> list[tuple[int, int]]:
    return [(end, 0) for end in accumulate(len(word) for word in rjieba.cut(text.encode("utf-8", "replace").decode()))]


def pieces(text: str, longest: int = 60) -> list[str]:
    return list(split(text, longest, weight, words))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("今天好。明天呢？走！", ["今天好。", "明天呢？", "走！"]),
        ("他说：“你好！”然后走了。", ["他说：“你好！”", "然后走了。"]),
        ('"好。"他说。"走。"', ['"好。"', "他说。", '"走。"']),
        ("（真的吗？）是。", ["（真的吗？）", "是。"]),
        ("真的？！走。。。好", ["真的？！", "走。。。", "好"]),
        ("圆周率是3.14，版本v2.0。", ["圆周率是3.14，版本v2.0。"]),
        ("1. 苹果\n2. 香蕉", ["1. 苹果\n", "2. 香蕉"]),
        ("Hello world. 你好", ["Hello world. ", "你好"]),
        ("www.baidu.com很好", ["www.baidu.com很好"]),
        ("第一行\n第二行", ["第一行\n", "第二行"]),
        ("好。😀 走", ["好。😀 ", "走"]),
        ("好。-5度", ["好。", "-5度"]),
        ("等等……我来", ["等等……我来"]),
        ("", []),
    ],
)
def test_a_sentence_ends_where_a_reader_would_stop(text: str, sentences: list[str]) -> None:
    assert pieces(text) == sentences


def test_a_long_sentence_is_cut_at_its_last_comma() -> None:
    assert pieces("一二三四五六，七八九十，十一十二十三", 15) == ["一二三四五六，七八九十，", "十一十二十三"]


def test_a_long_sentence_without_commas_is_cut_between_words() -> None:
    text = "我们今天下午一起去北京大学参观图书馆"
    first, *_ = pieces(text, 11)
    assert first == "我们今天下午一起去"


def test_a_long_sentence_without_commas_is_cut_where_its_words_part_best() -> None:
    def breaks(text: str) -> list[tuple[int, int]]:
        return [(2, 1), (4, 3), (6, 2), (8, 3), (10, 1)]

    assert list(split("一二三四五六七八九十" * 2, 10, weight, breaks))[0] == "一二三四五六七八"  # noqa: RUF015


def test_a_cut_never_tears_a_number_or_a_name() -> None:
    assert pieces("这里的价格一共是人民币12345.67元", 25) == ["这里的价格一共是人民币", "12345.67元"]


def test_both_halves_of_an_endless_number_stay_codes() -> None:
    halves = pieces("1" * 33, 60)
    assert len(halves) == 2
    assert min(map(len, halves)) > 8


@given(st.text(), st.integers(1, 60))
def test_the_pieces_are_the_text(text: str, longest: int) -> None:
    parts = pieces(text, longest)
    assert "".join(parts) == text
    assert all(parts)
    assert all(len(part) == 1 or sum(map(weight, part)) <= longest for part in parts)


def test_an_english_word_is_a_third_as_long_as_its_letters_spelled() -> None:
    assert sum(weigh(char, speaks_english=True) for char in "internet") == len("internet")
    assert sum(weigh(char, speaks_english=True) for char in "API") == SYLLABLE * 3


def test_the_first_sentence_does_not_wait_for_the_rest() -> None:
    asked: list[str] = []

    def count(char: str) -> int:
        asked.append(char)
        return 1

    assert next(split("你好。" + "我" * 100_000, 60, count, words)) == "你好。"
    assert len(asked) == 3
