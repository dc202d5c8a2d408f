"""Decoding by the recognizer of the evaluation: the best path of Mandarin syllables."""

import numpy as np
import pytest

for package in ("torch", "scipy"):
    pytest.importorskip(package)

from server.text.units.syllables import SYLLABLES, to_phones  # noqa: E402
from training.voice.evaluate.recognition import decode, syllable_grammar  # noqa: E402
from training.voice.models.recognizer import TOKEN_ROWS, TOKENS  # noqa: E402


def heard(*steps: dict[str, float]) -> list[str]:
    """Decodes steps in which these tokens have these probabilities; all others have nearly none."""
    probabilities = np.full((len(steps), len(TOKENS)), 1e-6)
    for row, step in enumerate(steps):
        for token, probability in step.items():
            probabilities[row, TOKEN_ROWS[token]] = probability
    return [TOKENS[row] for row in decode(np.log(probabilities).astype(np.float32), syllable_grammar())]


def test_blanks_and_repetitions_are_removed() -> None:
    assert heard({"n_c": 1}, {"n_c": 1}, {"": 1}, {"i_c3": 1}, {"i_c3": 1}, {"": 1}) == ["n_c", "i_c3"]


def test_the_same_vowel_twice_is_two_syllables_where_a_blank_parts_them() -> None:
    assert heard({"a_c1": 1}, {"": 1}, {"a_c1": 1}) == ["a_c1", "a_c1"]
    assert heard({"a_c1": 1}, {"a_c1": 1}) == ["a_c1"]


def test_an_initial_that_forms_no_syllable_with_the_final_loses() -> None:
    assert heard({"b_c": 0.6, "d_c": 0.4}, {"": 1}, {"ong_c1": 1}) == ["d_c", "ong_c1"]
    assert heard({"b_c": 0.6, "d_c": 0.4}, {"": 1}, {"an_c1": 1}) == ["b_c", "an_c1"]


def test_a_syllable_has_a_final_and_only_some_finals_stand_alone() -> None:
    assert heard({"d_c": 0.6, "": 0.4}, {"g_c": 0.9}, {"ao_c1": 1}) == ["g_c", "ao_c1"]
    assert heard({"": 0.6, "m_c": 0.4}, {"": 1}, {"uo_c1": 0.9, "ou_c1": 0.1}) == ["ou_c1"]
    assert heard({"d_c": 1}, {"": 0.9, "e_c5": 0.1}) == ["d_c", "e_c5"]


def test_erhua_and_english_phones_are_allowed() -> None:
    assert heard({"h_c": 1}, {"uar_c1": 1}) == ["h_c", "uar_c1"]
    assert heard({"k": 1}, {"ae": 1}, {"t": 1}, {"l_c": 1}, {"e_c5": 1}) == ["k", "ae", "t", "l_c", "e_c5"]


def test_what_spells_syllables_anyway_is_decoded_as_without_the_grammar() -> None:
    rng = np.random.default_rng(3)
    syllables = sorted(SYLLABLES)
    for _ in range(30):
        tokens = []
        for index in rng.integers(len(syllables), size=6):
            initial, final = to_phones(syllables[index], "PinYin")
            tokens += [phone for phone in (initial,) if phone in TOKEN_ROWS] + [f"{final}{rng.integers(1, 6)}"]
        assert heard(*({token: 0.9, "": 0.1} for spoken in tokens for token in (spoken, ""))) == tokens


def test_noise_becomes_syllables() -> None:
    rng = np.random.default_rng(3)
    grammar = syllable_grammar()
    for _ in range(30):
        first = decode(rng.normal(0, 1, (40, len(TOKENS))).astype(np.float32), grammar)
        contexts = [0, *grammar.context[first]]
        assert contexts[-1] == 0
        assert all(grammar.allowed[before, row] for before, row in zip(contexts, first, strict=False))
