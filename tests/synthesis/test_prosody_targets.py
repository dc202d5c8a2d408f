"""Targets instead of predicted prosody, for voices of every kind."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate, run_to_completion
from server.synthesis.acoustic.prosody_targets import CONTOUR_POINTS, ProsodyTargets, contour_per_frame
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.synthesis.synthesizer import Synthesizer
from server.text.sentence import Sentence
from server.types import Audio, Floats, SentenceTiming, Style
from tests.conftest import samples_of

TEXT = "今天天气很好，我们去公园。"


def no_targets(units: int, silent_unit: int | None = None) -> ProsodyTargets:
    return ProsodyTargets(
        durations=np.full(units, np.nan),
        pauses=np.zeros(units),
        pitch=np.full(units, np.nan),
        energy=np.full(units, np.nan),
        contours=np.full((units, CONTOUR_POINTS), np.nan),
        silent_unit=silent_unit,
    )


def first(synthesizer: Synthesizer, text: str = TEXT) -> Sentence:
    sentence = next(synthesizer.sentences(text))
    assert isinstance(sentence, Sentence)
    return sentence


def chunks(synthesizer: Synthesizer, sentence: Sentence, targets: ProsodyTargets | None) -> list[Audio]:
    clock = PlaybackClock()
    audio = run_to_completion(synthesizer.prepare(sentence, clock, 0, targets))
    return list(iterate(audio))


def predict(synthesizer: Synthesizer, sentence: Sentence, targets: ProsodyTargets | None) -> ProsodyPrediction:
    prediction = synthesizer._acoustic.predict_prosody(sentence.units, sentence.unit_styles[0], targets=targets)
    return run_to_completion(prediction)


def level(samples: Floats) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-9))


def test_targets_of_nan_change_nothing(demo: Synthesizer) -> None:
    sentence = first(demo)
    targets = no_targets(len(sentence.units))
    plain, same = (samples_of(chunks(demo, sentence, each)) for each in (None, targets))
    np.testing.assert_allclose(plain, same, atol=1e-5)


@pytest.mark.parametrize("name", ["noncausal_16k", "byte_16k"])
def test_every_kind_of_voice_takes_durations(name: str, golden: Callable[[str], Synthesizer]) -> None:
    synthesizer = golden(name)
    sentence = first(synthesizer, "你好。")
    durations = np.arange(3.0, 3 + len(sentence.units))
    targets = replace(no_targets(len(sentence.units)), durations=durations)
    rows = predict(synthesizer, sentence, targets)
    spoken = rows.durations[np.flatnonzero(np.diff(rows.unit_indices, append=-1))]
    assert spoken.tolist() == durations.tolist()
    assert rows.frames == durations.sum()  # filled pauses are left out


def test_styles_change_targets(demo: Synthesizer) -> None:
    sentence = first(demo)
    units = len(sentence.units)
    targets = replace(
        no_targets(units, units - 1),
        durations=np.full(units, 12.0),
        pauses=np.where(np.arange(units) == 2, 40.0, 0.0),
        contours=np.full((units, CONTOUR_POINTS), 150.0),
    )
    styled = replace(sentence, unit_styles=(Style(speed=2.0, pitch=12.0, pauses=0.5),))
    rows = predict(demo, styled, targets)
    silent = [symbol.is_break for symbol in sentence.unit_symbols]
    silent.insert(2, True)
    assert rows.durations.tolist() == [10 if row == 2 else 3 if quiet else 6 for row, quiet in enumerate(silent)]
    f0 = rows.f0_per_frame()
    assert f0 is not None
    np.testing.assert_allclose(f0[~np.isnan(f0)], 300.0)


def test_an_inserted_pause_is_silent_and_no_syllable_is_longer(demo: Synthesizer) -> None:
    sentence = first(demo)
    units = len(sentence.units)
    begins_second = next(unit for unit, symbol in enumerate(sentence.unit_symbols) if symbol.syllable == 1)
    targets = replace(no_targets(units, units - 1), pauses=np.where(np.arange(units) == begins_second, 48.0, 0.0))
    spoken = chunks(demo, sentence, targets)
    times = spoken[0].sentence
    plain = run_to_completion(demo.predict_times(sentence))
    assert times is not None
    assert times == run_to_completion(demo.predict_times(sentence, targets))
    assert times.end == plain.end + 48 * 200
    one, two = (times.words[0].syllables[number] for number in (0, 1))
    assert durations(times)[:1] == durations(plain)[:1]
    assert two.begin - one.end == 48 * 200
    samples = samples_of(spoken)
    assert len(samples) == times.end
    assert level(samples[one.end + 800 : two.begin - 800]) < level(samples) - 40


def durations(timing: SentenceTiming) -> list[int]:
    return [syllable.end - syllable.begin for word in timing.words for syllable in word.syllables]


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_streamed_audio_with_targets_equals_the_whole(steps: int, demo: Synthesizer) -> None:
    sentence = first(demo)
    units = len(sentence.units)
    draw = np.random.default_rng(1)
    targets = ProsodyTargets(
        durations=draw.integers(2, 20, units).astype(np.float64),
        pauses=np.where(np.arange(units) == 4, 30.0, 0.0),
        pitch=draw.uniform(120, 200, units),
        energy=draw.uniform(-3, 3, units),
        contours=draw.uniform(120, 200, (units, CONTOUR_POINTS)),
        silent_unit=units - 1,
    )

    def speak(chunk_steps: int) -> Floats:
        prosody = predict(demo, sentence, targets)
        state, parts = demo._start(prosody), []
        while not state.acoustic.is_finished:
            _, audio, state = run_to_completion(demo._advance(state, chunk_steps))
            parts.append(audio.samples)
        return np.concatenate(parts)

    np.testing.assert_allclose(speak(steps), speak(10**6), atol=1e-5)


def test_the_source_follows_the_contour_within_a_unit(demo: Synthesizer) -> None:
    sentence = first(demo)
    units = len(sentence.units)
    rising = np.tile(np.linspace(120.0, 200.0, CONTOUR_POINTS), (units, 1))
    rows = predict(demo, sentence, replace(no_targets(units), contours=rising))
    f0 = rows.f0_per_frame()
    assert f0 is not None
    change = demo._start(rows).pitch
    np.testing.assert_array_equal(change.apply(np.full(rows.frames, 90.0)), f0)


def test_a_contour_is_spread_over_the_frames_of_its_row() -> None:
    contours = np.array([np.linspace(0, 15, CONTOUR_POINTS), np.full(CONTOUR_POINTS, np.nan)])
    frames = contour_per_frame(contours, np.array([32, 2]))
    np.testing.assert_allclose(frames[:32], np.clip((np.arange(32) + 0.5) / 2 - 0.5, 0, 15))
    assert np.isnan(frames[32:]).all()


def test_targets_of_other_units_are_an_error() -> None:
    with pytest.raises(ValueError, match="targets of different shapes"):
        replace(no_targets(3), pitch=np.zeros(4))
