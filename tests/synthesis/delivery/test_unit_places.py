"""The places of units in a recording, from an alignment that is given."""

import numpy as np
import pytest

from server.synthesis.reference.delivery.alignment import Alignment, OwnSpeech, RecordedSpeech
from server.synthesis.reference.delivery.speech_frames import SpeechFrames
from server.synthesis.reference.delivery.unit_places import unit_places
from server.types import Audio

RATE = 16000
ENDS = np.array([0.1, 0.4, 0.5, 0.8])
"""Two syllables, each of a consonant and a vowel of three times its length."""


def frames(seconds: float) -> SpeechFrames:
    noise = np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE))
    return SpeechFrames.of(Audio(noise.astype(np.float32), RATE))


def own_speech() -> OwnSpeech:
    begins = np.append(0.0, ENDS[:-1])
    return OwnSpeech(frames(0.8), begins, ENDS, np.zeros(4, bool), np.array([True, False, True, False]))


@pytest.mark.parametrize("consonant", [0.05, 0.2, 0.7])
def test_a_syllable_is_divided_as_the_voice_does_wherever_the_alignment_finds_its_vowel(consonant: float) -> None:
    """The first syllable lasts 0.8 s in the recording, the second one 0.4 s."""
    recorded = RecordedSpeech(frames(1.2))
    times = np.array([0.0, 0.1, 0.4, 0.5, 0.8])
    places = np.array([0.0, consonant, 0.8, 0.9, 1.2])
    place = np.interp(np.arange(81) / 100, times, places) * 100
    found = unit_places(own_speech(), recorded, Alignment(place, 1.0, 0, 120))
    np.testing.assert_allclose(found.begins, [0.0, 0.2, 0.8, 0.9], atol=0.02)
    np.testing.assert_allclose(found.ends, [0.2, 0.8, 0.9, 1.2], atol=0.02)
    assert not found.pauses.any()
