"""The analysis of speech whose syllables, emotion and speaker are known: that of the small embedded voice."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from speech_signals import recording

from server.api import TextToSpeech
from server.references.analysis import analyze
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.types import SentenceTiming

MODELS = Path(__file__).parents[2] / "models"
TEXT = "老师说，只要每天坚持练习，就一定会有进步。"
SPEAKERS, EMOTIONS = ("female", "male"), ("neutral", "happy", "sad", "angry")


@pytest.fixture(scope="module")
def voice() -> Iterator[TextToSpeech]:
    with TextToSpeech("demo-small", models=MODELS) as opened:
        yield opened


@pytest.fixture(scope="module")
def analyses(voice: TextToSpeech) -> dict[tuple[str, str], tuple[RecordingAnalysis, float]]:
    """Speaker and emotion -> what is measured, and the syllable rate."""
    return {style: analyzed(voice, *style) for style in product(SPEAKERS, EMOTIONS)}


def analyzed(voice: TextToSpeech, speaker: str, emotion: str) -> tuple[RecordingAnalysis, float]:
    chunks = list(voice.speak(TEXT, speaker=speaker, emotion=emotion, seed=1))
    timings = [chunk.sentence for chunk in chunks if chunk.sentence]
    return analyze(recording(np.concatenate([chunk.samples for chunk in chunks]))), syllable_rate(timings)


def syllable_rate(timings: list[SentenceTiming]) -> float:
    syllables = [syllable for timing in timings for word in timing.words for syllable in word.syllables]
    return len(syllables) * timings[0].rate / sum(syllable.end - syllable.begin for syllable in syllables)


def test_the_syllable_rate_is_that_of_the_timestamps(analyses: dict) -> None:
    errors = [abs(found.syllable_rate / rate - 1) for found, rate in analyses.values()]
    assert np.mean(errors) < 0.1
    assert max(errors) < 0.25


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_the_emotions_differ_as_they_were_trained(analyses: dict, speaker: str) -> None:
    neutral, happy, sad, angry = (analyses[speaker, emotion][0] for emotion in EMOTIONS)
    assert sad.f0_median < neutral.f0_median < happy.f0_median
    assert sad.syllable_rate < neutral.syllable_rate < happy.syllable_rate
    assert sad.level < neutral.level < angry.level
    assert angry.pause_share < sad.pause_share
    assert sad.tilt < angry.tilt


def test_a_woman_has_a_shorter_vocal_tract(analyses: dict) -> None:
    female, male = (analyses[speaker, "neutral"][0].tract_scale for speaker in SPEAKERS)
    assert female / male == pytest.approx(1 / 1.12, abs=0.04)


def test_clean_speech_has_no_warnings(analyses: dict) -> None:
    assert {warning for found, _ in analyses.values() for warning in found.warnings} == set()
