"""Phrase breaks: a reviewed table, invariants for any words, and the break model."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.characters import BREAKS
from server.text.normalization import normalize
from server.text.pronunciation.mandarin_g2p import pronounce
from server.text.prosody.break_model import load_model
from server.text.prosody.phrase_breaks import MAX_SYLLABLES_WITH_ENCLITICS, predict_breaks
from server.text.words import ProsodicWord, Word
from training.prosody import evaluate, train
from training.prosody.labels import LabeledSentence, parse, read_labels

REVIEWED = list(read_labels(Path(__file__).parent / "breaks.txt"))
CHINESE = st.text(
    st.sampled_from("今天不一个的了着地得你我他想买很老虎科学家们十点百千年月第在把从和因为但是说看电影，。、；aB "),
    max_size=60,
)


def words_of(text: str) -> list[Word]:
    return pronounce(normalize.normalize(text).text)[0]


def marked(text: str) -> str:
    """A text with its forced breaks, written 〔0〕 to 〔3〕 here, as a script holds them."""
    for level, mark in enumerate(BREAKS):
        text = text.replace(f"〔{level}〕", mark)
    return text


def levels_of(words: list[Word]) -> list[int]:
    """The level after each word; 0 inside a prosodic word."""
    return [level for each in predict_breaks(words) for level in [0] * (len(each.words) - 1) + [each.break_level]]


def spoken(phrase: list[ProsodicWord]) -> str:
    return "".join("".join(syllable.text for syllable in each.syllables) + f"#{each.break_level}" for each in phrase)


@pytest.mark.parametrize("sentence", REVIEWED, ids=lambda sentence: sentence.text)
def test_a_sentence_has_the_reviewed_breaks(sentence: LabeledSentence) -> None:
    assert evaluate.predict(sentence) == sentence.breaks


@given(CHINESE)
def test_every_word_is_kept_in_order(text: str) -> None:
    words = words_of(text)
    assert [word for each in predict_breaks(words) for word in each.words] == words


@given(CHINESE, st.integers(1, 4))
def test_levels_are_valid_and_the_last_is_as_given(text: str, last: int) -> None:
    levels = [each.break_level for each in predict_breaks(words_of(text), last_level=last)]
    assert all(1 <= level <= 4 for level in levels)
    assert levels[-1:] in ([], [last])


@given(CHINESE)
def test_a_prosodic_word_is_short(text: str) -> None:
    assert all(
        len(each.syllables) <= MAX_SYLLABLES_WITH_ENCLITICS
        for each in predict_breaks(words_of(text))
        if not each.words[0].is_latin
    )


@pytest.mark.parametrize("text", ["的" * 12, "了吗" * 7, "二十五年月日号点分秒"])
def test_a_long_run_of_enclitics_is_divided(text: str) -> None:
    sizes = [len(each.syllables) for each in predict_breaks(words_of(text))]
    assert len(sizes) > 1
    assert max(sizes) <= MAX_SYLLABLES_WITH_ENCLITICS


@given(CHINESE, st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=60, max_size=60))
def test_a_given_break_is_set_exactly(text: str, forced: list[int]) -> None:
    words = [replace(word, break_level=level) for word, level in zip(words_of(text), forced, strict=False)]
    assert all(
        level == word.break_level
        for word, level in list(zip(words, levels_of(words), strict=True))[:-1]
        if word.break_level
    )


@given(CHINESE, st.lists(st.booleans(), min_size=60, max_size=60))
def test_no_break_is_set_where_the_user_forbids_one(text: str, joined: list[bool]) -> None:
    words = [
        replace(word, no_break_after=join, break_level=0) for word, join in zip(words_of(text), joined, strict=False)
    ]
    assert not any(level for word, level in list(zip(words, levels_of(words), strict=True))[:-1] if word.no_break_after)


@pytest.mark.parametrize(
    ("text", "phrased"),
    {
        "他〔3〕来了": "他#3来了#4",
        "老虎〔1〕慢慢地走进了森林": "老虎#1慢慢地#2走进了#1森林#4",
        "窗外〔0〕下着大雨": "窗外下着#1大雨#4",
    }.items(),
)
def test_breaks_of_the_user_are_set_as_given(text: str, phrased: str) -> None:
    assert spoken(predict_breaks(pronounce(marked(text))[0])) == phrased


@pytest.mark.parametrize(
    "text", ["二十五个苹果", "一百年以后", "第三十名选手", "科学家们的发现", "他慢慢地走", "十二点开会"]
)
def test_enclitics_and_measure_words_stay_with_the_word_before_them(text: str) -> None:
    phrase = predict_breaks(words_of(text))
    assert not any(each.syllables[0].text in "个年名们的地点" for each in phrase)
    assert all(each.syllables[-1].text != "第" for each in phrase)


def test_a_break_inside_a_dictionary_entry_has_level_1_at_most() -> None:
    words = words_of("今天天气预报说中华人民共和国外交部发言人来了")
    assert any(word.continues_compound for word in words)
    assert all(level < 2 for level, after in zip(levels_of(words), words[1:], strict=False) if after.continues_compound)


def test_an_empty_sentence_has_no_breaks() -> None:
    assert predict_breaks([]) == []


def test_the_weights_were_trained_on_the_current_sentences() -> None:
    assert load_model().trained_on == train.fingerprint(), "run python -m training.prosody.train"


def test_the_same_sentences_give_the_same_weights() -> None:
    examples = [example for sentence in REVIEWED for example in train.examples(sentence)]
    weights = train.fit(examples)
    assert weights == train.fit(examples)
    assert 0 < len(weights) < len({feature for features, _ in examples for feature in features})


def test_probabilities_fall_with_the_level() -> None:
    for weights in load_model().weights:
        first, second, third = load_model().probabilities(["place", weights])
        assert 1 > first >= second >= third > 0
    assert load_model().probabilities([]) == (0.75, 0.5, 0.25)


def test_labels_count_chinese_characters() -> None:
    assert parse("今天#1去#2A馆#3，好吗#4？") == LabeledSentence("今天去A馆，好吗？", {2: 1, 3: 2, 4: 3, 6: 4}, 6)


def test_the_score_counts_correct_missing_and_extra_breaks() -> None:
    pairs = [({2: 1, 4: 2, 6: 4}, {2: 2, 5: 2, 6: 4})]
    assert evaluate.f1(pairs, 1) == (2 / 3, 2 / 3, 2 / 3)
    assert evaluate.f1(pairs, 2) == (1 / 3, 1 / 2, 2 / 5)
    assert evaluate.inner({2: 1, 6: 4}, 6) == {2: 1}
