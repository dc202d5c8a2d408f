"""Breaks: a table that a person has reviewed, what must hold for any words, and the model behind them."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.characters import BREAKS
from server.text.normalization import normalize
from server.text.pronunciation.word_reader import read_words
from server.text.prosody.break_model import load
from server.text.prosody.phrase_breaks import LONGEST_HELD, group
from server.text.words import ProsodicWord, Word
from training.prosody import evaluate, train
from training.prosody.labels import Labelled, parse, read_labels

REVIEWED = list(read_labels(Path(__file__).parent / "breaks.txt"))
CHINESE = st.text(
    st.sampled_from("今天不一个的了着地得你我他想买很老虎科学家们十点百千年月第在把从和因为但是说看电影，。、；aB "),
    max_size=60,
)


def words_of(text: str) -> list[Word]:
    return read_words(normalize.normalize(text).text)[0]


def marked(text: str) -> str:
    """A text with its forced breaks, written 〔0〕 to 〔3〕 here, as a script holds them."""
    for level, mark in enumerate(BREAKS):
        text = text.replace(f"〔{level}〕", mark)
    return text


def levels_of(words: list[Word]) -> list[int]:
    """The level after each word; 0 inside a prosodic word."""
    return [level for each in group(words) for level in [0] * (len(each.words) - 1) + [each.level]]


def spoken(phrase: list[ProsodicWord]) -> str:
    return "".join("".join(syllable.text for syllable in each.syllables) + f"#{each.level}" for each in phrase)


@pytest.mark.parametrize("sentence", REVIEWED, ids=lambda sentence: sentence.text)
def test_a_sentence_is_phrased_as_a_person_would(sentence: Labelled) -> None:
    assert evaluate.predict(sentence) == sentence.breaks


@given(CHINESE)
def test_every_word_is_there_in_order_and_whole(text: str) -> None:
    words = words_of(text)
    assert [word for each in group(words) for word in each.words] == words


@given(CHINESE, st.integers(1, 4))
def test_levels_are_breaks_and_the_last_is_the_one_asked_for(text: str, last: int) -> None:
    levels = [each.level for each in group(words_of(text), last=last)]
    assert all(1 <= level <= 4 for level in levels)
    assert levels[-1:] in ([], [last])


@given(CHINESE)
def test_a_prosodic_word_is_short(text: str) -> None:
    assert all(each.size <= LONGEST_HELD for each in group(words_of(text)) if not each.latin)


@pytest.mark.parametrize("text", ["的" * 12, "了吗" * 7, "二十五年月日号点分秒"])
def test_words_that_hold_together_without_an_end_are_parted_all_the_same(text: str) -> None:
    sizes = [each.size for each in group(words_of(text))]
    assert len(sizes) > 1
    assert max(sizes) <= LONGEST_HELD


@given(CHINESE, st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=60, max_size=60))
def test_a_forced_break_wins_exactly(text: str, forced: list[int]) -> None:
    words = [replace(word, pause=level) for word, level in zip(words_of(text), forced, strict=False)]
    assert all(
        level == word.pause for word, level in list(zip(words, levels_of(words), strict=True))[:-1] if word.pause
    )


@given(CHINESE, st.lists(st.booleans(), min_size=60, max_size=60))
def test_no_break_stands_where_the_user_wants_none(text: str, joined: list[bool]) -> None:
    words = [replace(word, joined=join, pause=0) for word, join in zip(words_of(text), joined, strict=False)]
    assert not any(level for word, level in list(zip(words, levels_of(words), strict=True))[:-1] if word.joined)


@pytest.mark.parametrize(
    ("text", "phrased"),
    {
        "他〔3〕来了": "他#3来了#4",
        "老虎〔1〕慢慢地走进了森林": "老虎#1慢慢地#2走进了#1森林#4",
        "窗外〔0〕下着大雨": "窗外下着#1大雨#4",
    }.items(),
)
def test_breaks_of_the_user_stand_as_given(text: str, phrased: str) -> None:
    assert spoken(group(read_words(marked(text))[0])) == phrased


@pytest.mark.parametrize(
    "text", ["二十五个苹果", "一百年以后", "第三十名选手", "科学家们的发现", "他慢慢地走", "十二点开会"]
)
def test_particles_and_measure_words_stay_with_what_they_belong_to(text: str) -> None:
    phrase = group(words_of(text))
    assert not any(each.syllables[0].text in "个年名们的地点" for each in phrase)
    assert all(each.syllables[-1].text != "第" for each in phrase)


def test_a_word_of_the_dictionary_is_parted_by_no_more_than_a_boundary_of_words() -> None:
    words = words_of("今天天气预报说中华人民共和国外交部发言人来了")
    assert any(word.glued for word in words)
    assert all(level < 2 for level, after in zip(levels_of(words), words[1:], strict=False) if after.glued)


def test_nothing_has_no_breaks() -> None:
    assert group([]) == []


def test_the_weights_were_trained_on_the_sentences_that_are_here() -> None:
    assert load().trained_on == train.fingerprint(), "run python -m training.prosody.train"


def test_the_same_sentences_give_the_same_weights() -> None:
    places = [place for sentence in REVIEWED for place in train.examples(sentence)]
    weights = train.fit(places)
    assert weights == train.fit(places)
    assert 0 < len(weights) < len({clue for known, _ in places for clue in known})


def test_chances_fall_with_the_level() -> None:
    for weights in load().weights:
        first, second, third = load().breaks(["place", weights])
        assert 1 > first >= second >= third > 0
    assert load().breaks([]) == (0.75, 0.5, 0.25)


def test_labels_count_chinese_characters() -> None:
    assert parse("今天#1去#2A馆#3，好吗#4？") == Labelled("今天去A馆，好吗？", {2: 1, 3: 2, 4: 3, 6: 4}, 6)


def test_the_figure_counts_what_is_right_missing_and_too_much() -> None:
    pairs = [({2: 1, 4: 2, 6: 4}, {2: 2, 5: 2, 6: 4})]
    assert evaluate.f1(pairs, 1) == (2 / 3, 2 / 3, 2 / 3)
    assert evaluate.f1(pairs, 2) == (1 / 3, 1 / 2, 2 / 5)
    assert evaluate.inner({2: 1, 6: 4}, 6) == {2: 1}
