"""Figures of speech that is spoken like a recording."""

import numpy as np
import pytest

from bench.references.delivery import Reading, Speech, _result
from bench.report.tables import delivery_row
from server.text.sentence import Sentence

RATE = 16000


def gliding(start: float, end: float, syllables: list[tuple[float, float]]) -> Speech:
    """One second of a tone with harmonics that glides between two frequencies in Hz."""
    phase = 2 * np.pi * np.cumsum(np.geomspace(start, end, RATE)) / RATE
    tone = sum(np.sin(number * phase) / number for number in range(1, 9))
    return Speech((0.2 * tone).astype(np.float32), np.array(syllables))


def test_a_recording_that_is_refused_is_counted_and_in_no_correlation() -> None:
    recorded = gliding(200, 120, [(0.0, 0.2), (0.2, 0.6), (0.6, 0.9)])
    plain = gliding(150, 150, [(0.0, 0.3), (0.3, 0.6), (0.6, 0.9)])
    sentence = object.__new__(Sentence)
    spoken = Reading(sentence, recorded, plain, recorded, refuses_other=True)
    refused = Reading(sentence, gliding(100, 200, [(0.0, 0.5)]), plain, None, refuses_other=True)
    result = _result("even", [spoken, refused])
    assert (result.durations, result.f0) == (pytest.approx(1), pytest.approx(1))
    row = delivery_row(result)
    assert (row["sentences"], row["other texts refused"], row["right ones refused"]) == ("2", "100%", "50%")
