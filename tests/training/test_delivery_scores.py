"""How sure a difference of errors is."""

import pytest

for package in ("torch", "pyworld"):
    pytest.importorskip(package)

from training.voice.evaluate.delivery import Scores, difference  # noqa: E402
from training.voice.evaluate.scoring import Score  # noqa: E402


def sentence(plain: int, delivered: int) -> Scores:
    return Scores(Score(20, plain), Score(20, delivered))


def test_the_same_difference_in_all_sentences_is_sure() -> None:
    assert difference([sentence(1, 3), sentence(4, 6), sentence(0, 2)]) == (10.0, 10.0, 10.0)


def test_the_interval_is_around_the_difference_and_narrower_with_more_sentences() -> None:
    found = [sentence(0, 2), sentence(2, 1), sentence(1, 1), sentence(0, 3)]
    low, middle, high = difference(found)
    assert middle == pytest.approx(100 * 4 / 80)
    assert low < middle < high
    lower, same, upper = difference(16 * found)
    assert same == pytest.approx(middle)
    assert upper - lower < (high - low) / 3
