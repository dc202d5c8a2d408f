"""Decoding of the recognizer's output to words."""

import numpy as np
import pytest

for package in ("torch", "scipy"):
    pytest.importorskip(package)

from server.text.units.syllables import SYLLABLES, to_phones  # noqa: E402
from training.voice.evaluate.word_search import pronunciation_tree, search  # noqa: E402
from training.voice.models.recognizer import TOKEN_ROWS, TOKENS  # noqa: E402


def heard(*steps: dict[str, float]) -> list[str]:
    """Decodes steps in which these tokens have these probabilities; all others have nearly none."""
    probabilities = np.full((len(steps), len(TOKENS)), 1e-9)
    for row, step in enumerate(steps):
        for token, probability in step.items():
            probabilities[row, TOKEN_ROWS[token]] = probability
    return [TOKENS[row] for row in search(np.log(probabilities).astype(np.float32), pronunciation_tree())]


def test_sounds_between_two_words_become_the_frequent_one() -> None:
    unclear = {"p_c": 0.5, "t_c": 0.5}
    friend = [unclear, {"": 1}, {"eng_c2": 1}, {"": 1}, {"y_c": 1}, {"": 1}, {"ou_c3": 0.9, "ou_c5": 0.1}]
    assert heard(*friend) == ["p_c", "eng_c2", "y_c", "ou_c3"]
    pain = [unclear, {"": 1}, {"eng_c2": 1}, {"": 1}, {"t_c": 1}, {"": 1}, {"ong_c4": 1}]
    assert heard(*pain) == ["t_c", "eng_c2", "t_c", "ong_c4"]


def test_clear_sounds_are_heard_although_they_are_no_word() -> None:
    tokens = ["b_c", "ian_c3", "n_c", "ve_c1", "c_c", "uan_c4"]
    assert heard(*({token: 1} for spoken in tokens for token in (spoken, ""))) == tokens


def test_any_sequence_of_syllables_is_heard_when_it_is_clear() -> None:
    rng = np.random.default_rng(3)
    syllables = sorted(SYLLABLES)
    for _ in range(20):
        tokens = []
        for index in rng.integers(len(syllables), size=6):
            initial, final = to_phones(syllables[index], "PinYin")
            tokens += [phone for phone in (initial,) if phone in TOKEN_ROWS] + [f"{final}{rng.integers(1, 6)}"]
        assert (
            heard({"": 1}, *({token: 0.98, "": 0.02} for spoken in tokens for token in (spoken, spoken, ""))) == tokens
        )


def test_the_same_vowel_twice_is_two_syllables_where_a_blank_parts_them() -> None:
    assert heard({"a_c1": 1}, {"": 1}, {"a_c1": 1}) == ["a_c1", "a_c1"]
    assert heard({"a_c1": 1}, {"a_c1": 1}) == ["a_c1"]


def test_erhua_and_english_phones() -> None:
    tokens = ["h_c", "uar_c1", "k", "ae", "t", "l_c", "e_c5"]
    assert heard(*({token: 1} for spoken in tokens for token in (spoken, ""))) == tokens


def test_silence_is_no_word() -> None:
    assert heard(*[{"": 1}] * 5) == []
