"""TextGrid: four tiers without gaps, which Praat's rules allow."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from server.timestamps.textgrid import to_textgrid
from server.types import PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming

Say = Callable[..., SentenceTiming]
Speech = Callable[..., SpeechTiming]
Tier = list[tuple[float, float, str]]

_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(<exists>)|(?<![\w.\[])(-?[0-9]+(?:\.[0-9]+)?)(?![\w.\]])')
"""Praat reads only quoted texts, numbers that stand alone, and flags."""


def parse(text: str) -> tuple[float, dict[str, Tier]]:
    """Returns the end, and the intervals of each tier."""
    read = iter(
        [
            match[1].replace('""', '"') if match[1] is not None else match[2] or match[3]
            for match in _TOKEN.finditer(text)
        ]
    )
    assert [next(read), next(read)] == ["ooTextFile", "TextGrid"]
    assert float(next(read)) == 0
    end = float(next(read))
    assert next(read) == "<exists>"
    tiers = {}
    for _ in range(int(next(read))):
        assert next(read) == "IntervalTier"
        name = next(read)
        assert (float(next(read)), float(next(read))) == (0, end)
        tiers[name] = [(float(next(read)), float(next(read)), next(read)) for _ in range(int(next(read)))]
    assert not list(read)
    return end, tiers


def check(text: str) -> dict[str, Tier]:
    end, tiers = parse(text)
    for intervals in tiers.values():
        assert intervals[0][0] == 0
        assert intervals[-1][1] == end
        assert all(begin < after for begin, after, _ in intervals)
        assert all(before[1] == after[0] for before, after in pairwise(intervals))
    return tiers


def test_there_are_tiers_of_sentences_words_syllables_and_phones(say: Say, speech: Speech) -> None:
    timing = speech(say("今天，好。", ("今天", 1600), ("好", 3200), pause=1600), silence=8000)
    assert check(to_textgrid(timing)) == {
        "sentences": [(0, 0.7, "今天，好。"), (0.7, 1.2, "")],
        "words": [(0, 0.1, ""), (0.1, 0.3, "今天"), (0.3, 0.5, ""), (0.5, 0.6, "好"), (0.6, 1.2, "")],
        "syllables": [
            (0, 0.1, ""), (0.1, 0.2, "a1"), (0.2, 0.3, "a1"), (0.3, 0.5, ""), (0.5, 0.6, "a1"), (0.6, 1.2, "")
        ],
        "phones": [
            (0, 0.1, ""), (0.1, 0.2, "a_c"), (0.2, 0.3, "a_c"), (0.3, 0.5, ""), (0.5, 0.6, "a_c"), (0.6, 1.2, "")
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "label"), [('说"好"', '说"好"'), ("好\r\n1", "好 1"), ('"', '"'), ("xmin = 3", "xmin = 3")]
)
def test_labels_are_quoted(text: str, label: str, say: Say, speech: Speech) -> None:
    assert check(to_textgrid(speech(say(text, text[0]))))["sentences"] == [(0, 0.1, label)]


def test_a_phone_without_a_sample_is_left_out() -> None:
    phones = (PhoneTiming("ga", 1, 0, 0), PhoneTiming("an_c", 1, 0, 1600))
    word = WordTiming("安", 0, 1, 0, 0, 1600, (SyllableTiming("安", 0, 1, "an1", 0, 1600, phones),))
    timing = SpeechTiming((SentenceTiming("安", 0, 1, 0, 1600, 16000, (word,)),), 1600, 16000)
    assert check(to_textgrid(timing))["phones"] == [(0, 0.1, "an_c")]


def test_an_english_syllable_has_its_letters() -> None:
    word = WordTiming("hi", 0, 2, 0, 0, 1600, (SyllableTiming("hi", 0, 2, "", 0, 1600, ()),))
    timing = SpeechTiming((SentenceTiming("hi", 0, 2, 0, 1600, 16000, (word,)),), 1600, 16000)
    tiers = check(to_textgrid(timing))
    assert tiers["syllables"] == [(0, 0.1, "hi")]
    assert tiers["phones"] == [(0, 0.1, "")]


@pytest.mark.parametrize("samples", [0, 1, 16000])
def test_a_text_without_sentences_has_empty_tiers(samples: int) -> None:
    tiers = check(to_textgrid(SpeechTiming((), samples, 16000)))
    assert {name: len(intervals) for name, intervals in tiers.items()} == dict.fromkeys(
        ("sentences", "words", "syllables", "phones"), 1
    )


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_neighboring_samples_stay_apart(rate: int) -> None:
    syllables = tuple(SyllableTiming("a", 0, 1, "a1", at, at + 1, ()) for at in range(1000))
    word = WordTiming("a", 0, 1, 0, 0, 1000, syllables)
    timing = SpeechTiming((SentenceTiming("a", 0, 1, 0, 1000, rate, (word,)),), 1000, rate)
    assert len(check(to_textgrid(timing))["syllables"]) == 1000
