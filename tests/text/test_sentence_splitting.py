"""Where a text is split into sentences, and long ones inside."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.dictionaries import segmenter
from server.text.normalization.length_estimate import LENGTH_PER_SYLLABLE, estimate_spoken_length
from server.text.sentence_splitting import SentenceScanner, split_sentences


def syllables(char: str) -> int:
    """The estimated length in syllables, with every letter spelled."""
    return -(-estimate_spoken_length(char, speaks_english=False) // LENGTH_PER_SYLLABLE)


def words(text: str) -> list[tuple[int, int]]:
    encodable = text.encode("utf-8", "replace").decode()
    return [(end, 0) for end in accumulate(map(len, segmenter.cut(encodable)))]


def pieces(text: str, max_length: int = 60) -> list[str]:
    return list(split_sentences(text, max_length, syllables, words))


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
        ("好。№5是他。", ["好。", "№5是他。"]),
        ("好。-5度", ["好。", "-5度"]),
        ("等等……我来", ["等等……我来"]),
        ("", []),
    ],
)
def test_a_text_is_split_at_the_ends_of_its_sentences(text: str, sentences: list[str]) -> None:
    assert pieces(text) == sentences


def test_a_long_sentence_is_split_at_its_last_comma() -> None:
    assert pieces("一二三四五六，七八九十，十一十二十三", 15) == ["一二三四五六，七八九十，", "十一十二十三"]


def test_a_long_sentence_without_commas_is_split_between_words() -> None:
    text = "我们今天下午一起去北京大学参观图书馆"
    first, *_ = pieces(text, 11)
    assert first == "我们今天下午一起去"


def test_a_long_sentence_without_commas_is_split_at_its_strongest_break() -> None:
    def breaks(text: str) -> list[tuple[int, int]]:
        return [(2, 1), (4, 3), (6, 2), (8, 3), (10, 1)]

    assert list(split_sentences("一二三四五六七八九十" * 2, 10, syllables, breaks))[0] == "一二三四五六七八"  # noqa: RUF015


def test_a_number_is_never_split() -> None:
    assert pieces("这里的价格一共是人民币12345.67元", 25) == ["这里的价格一共是人民币", "12345.67元"]


def test_both_halves_of_a_very_long_number_are_codes() -> None:
    halves = pieces("1" * 33, 60)
    assert len(halves) == 2
    assert min(map(len, halves)) > 8


@given(st.text(), st.integers(1, 60))
def test_the_pieces_join_to_the_text(text: str, max_length: int) -> None:
    parts = pieces(text, max_length)
    assert "".join(parts) == text
    assert all(parts)
    assert all(len(part) == 1 or sum(map(syllables, part)) <= max_length for part in parts)


def test_an_english_word_is_a_third_as_long_as_its_letters_spelled() -> None:
    assert sum(estimate_spoken_length(char, speaks_english=True) for char in "internet") == len("internet")
    assert sum(estimate_spoken_length(char, speaks_english=True) for char in "API") == LENGTH_PER_SYLLABLE * 3


def test_the_first_sentence_is_found_without_the_rest() -> None:
    asked: list[str] = []

    def count(char: str) -> int:
        asked.append(char)
        return 1

    assert next(split_sentences("你好。" + "我" * 100_000, 60, count, words)) == "你好。"
    assert len(asked) == 3


@pytest.mark.parametrize("max_length", [4, 12, 60])
@given(text=st.text(st.sampled_from('今天不好大家长4.,，。！”" \n…aB😀')))
def test_a_text_that_grows_is_split_at_the_same_places(max_length: int, text: str) -> None:
    scanner = SentenceScanner(max_length, syllables, words)
    found, start = [], 0
    for stop in range(len(text) + 1):
        while (end := scanner.find_end(text, start, stop, final=stop == len(text))) is not None:
            found.append(text[start:end])
            start = end
    assert found == pieces(text, max_length)


@pytest.mark.parametrize(
    ("text", "stop"),
    [("今天好。明", 5), ("今天好。”明", 6), ("真的？！走", 5), ("Hi. 你", 5), ("今天\n明", 4), ("好。😀走", 4)],
)
def test_a_sentence_is_found_with_the_next_character(text: str, stop: int) -> None:
    scanner = SentenceScanner(60, syllables, words)
    ends = [scanner.find_end(text, 0, count, final=False) for count in range(1, stop + 1)]
    assert ends == [None] * (stop - 1) + [stop - 1]
