"""The range of the pitch and the pauses follow their factors; where these are 1, nothing changes."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from server.scheduling.task import iterate, run_to_completion
from server.synthesis.acoustic.contours import MIN_F0, from_hertz, mean_f0, scale_range, to_hertz
from server.synthesis.acoustic.unit_kinds import RowKinds, UnitKinds
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.synthesis.synthesizer import Synthesizer
from server.text.markup.parser import parse_markup
from server.text.markup.script import SpeakingStyle
from server.text.sentence import Sentence
from server.types import Style
from server.voices.manifest import MeanDeviation, Range
from tests.conftest import PACKAGES, chunks_of, samples_of, speak
from tests.synthesis.test_streaming import f0_windows

TEXT = "今天天气很好，我们一起去公园散步，然后回家吃晚饭。"
EXPLICIT = "<speak>你好<break time='0.5s'/>再见<break time='0.5s'/></speak>"
FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
SCALES = [MeanDeviation(kind="mean_deviation", mean=150, deviation=40), Range(kind="range", minimum=60, maximum=400)]


def prosody_of(synthesizer: Synthesizer, sentence: Sentence, *styles: Style) -> ProsodyPrediction:
    return run_to_completion(
        synthesizer._acoustic.predict_prosody(sentence.units, styles[0] if len(styles) == 1 else styles)
    )


def semitones(synthesizer: Synthesizer, text: str, style: Style) -> float:
    """From the 10th to the 90th percentile of F0 in the audio of a text."""
    samples = samples_of(speak(synthesizer, text, style))
    low, high = np.percentile(12 * np.log2(f0_windows(samples, synthesizer.rate)), (10, 90))
    return float(high - low)


def test_the_range_of_the_audio_is_proportional_to_its_factor(robot: Synthesizer) -> None:
    plain, *measured = (semitones(robot, TEXT, Style(pitch_range=factor)) for factor in (1.0, *FACTORS))
    assert plain > 1
    assert all(narrow < wide for narrow, wide in pairwise(measured))
    for factor, range_ in zip(FACTORS[:-1], measured, strict=False):  # the widest is too steep to be measured well
        assert range_ / plain == pytest.approx(factor, abs=0.35)


def test_the_mean_of_the_pitch_stays(robot: Synthesizer) -> None:
    narrow, plain = (
        f0_windows(samples_of(speak(robot, TEXT, Style(pitch_range=factor))), robot.rate) for factor in (0.0, 1.0)
    )
    assert 12 * np.log2(np.median(plain) / np.median(narrow)) == pytest.approx(0, abs=0.8)


@pytest.mark.parametrize("scale", SCALES)
@given(
    values=st.lists(st.floats(0, 2, width=32), min_size=2, max_size=20),
    factor=st.floats(0, 3),
    shift=st.floats(0.75, 2),
)
def test_a_contour_is_scaled_around_its_center(
    scale: MeanDeviation | Range, values: list[float], factor: float, shift: float
) -> None:
    contour = np.array([values], np.float32)
    voiced = np.arange(len(values)) % 3 != 1
    center = np.array([shift * mean_f0(contour, voiced, scale)])
    scaled = scale_range(contour, [factor], center, voiced, scale)
    assert_array_equal(scaled[:, ~voiced], contour[:, ~voiced])
    before, after = (12 * np.log2(to_hertz(each, scale)[:, voiced] / center) for each in (contour, scaled))
    above = (after > 12 * np.log2(MIN_F0 / center) + 0.01) & (before != 0)
    np.testing.assert_allclose(after[above], factor * before[above], atol=1e-3)


def test_a_contour_of_a_scale_has_its_hertz() -> None:
    for scale in SCALES:
        hertz = np.array([80.0, 155.5, 333.0])
        np.testing.assert_allclose(to_hertz(from_hertz(hertz, scale), scale), hertz, rtol=1e-5)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_factor_of_one_in_a_span_leaves_the_other_units_as_they_are(
    name: str, golden: Callable[[str], Synthesizer]
) -> None:
    synthesizer = golden(name)
    sentence = next(synthesizer.sentences("你好，再见。"))
    count = len(sentence.units)
    plain = prosody_of(synthesizer, sentence, *[Style(volume=1), *[Style(volume=0.5)] * (count - 1)])
    styles = [Style(pitch_range=1.7, pauses=3.0), *[Style(volume=0.5)] * (count - 1)]
    changed = prosody_of(synthesizer, sentence, *styles)
    rows = plain.unit_indices > 0
    assert_array_equal(changed.pitch[rows], plain.pitch[rows])


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0])
def test_pauses_change_the_durations_of_breaks_and_of_nothing_else(factor: float, robot: Synthesizer) -> None:
    sentence = next(robot.sentences(TEXT))
    plain, changed = (prosody_of(robot, sentence, Style(pauses=each)).durations for each in (1.0, factor))
    breaks = np.array([unit.is_break for unit in sentence.unit_symbols])
    assert_array_equal(changed[~breaks], plain[~breaks])
    assert plain[breaks].sum() > 40
    np.testing.assert_allclose(changed[breaks], factor * plain[breaks], atol=0.5 * factor + 0.5)


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_pauses_scale_the_silence_between_two_sentences_and_no_explicit_pause(
    factor: float, robot: Synthesizer
) -> None:
    def seconds(text: str) -> float:
        return len(samples_of(speak(robot, text, Style(pauses=factor)))) / robot.rate

    alone = seconds("你好。") + seconds("再见。")
    assert seconds("你好。再见。") - alone == pytest.approx(factor * robot.sentence_silence, abs=1e-3)
    scripts = (parse_markup(EXPLICIT, SpeakingStyle(style)) for style in (Style(), Style(pauses=factor)))
    plain, changed = (len(samples_of(iterate(chunks_of(robot, robot.sentences(each))))) for each in scripts)
    assert changed == plain


def test_the_kinds_of_phones(demo: Synthesizer) -> None:
    sentence = next(demo.sentences("八点，去吃面。"))
    kinds = kinds_of(demo, sentence)
    names = [unit.symbol.split("$")[0] for unit in sentence.unit_symbols]
    assert {name for name, silent in zip(names, kinds.silent, strict=True) if silent} <= {"#1", "#2", "#3", "#4"}
    voiced = {name for name, each in zip(names, kinds.voiced, strict=True) if each}
    assert voiced == {"a_c", "ian_c", "v_c", "ih_c", "m_c"}


def test_the_kinds_of_bytes(golden: Callable[[str], Synthesizer]) -> None:
    synthesizer = golden("byte_16k")
    sentence = next(synthesizer.sentences("好，OK 好。"))
    kinds = kinds_of(synthesizer, sentence)
    silent = bytes(int(row) for row, each in zip(sentence.units.features[:, 0], kinds.silent, strict=True) if each)
    assert set(silent.decode()) <= set("，, 。")
    assert_array_equal(kinds.voiced, ~kinds.silent)


def kinds_of(synthesizer: Synthesizer, sentence: Sentence) -> RowKinds:
    kinds = UnitKinds(synthesizer.voice.manifest.units)
    return kinds.rows(sentence.units.features, np.arange(len(sentence.units)))


def test_a_filled_pause_is_spoken_and_its_unit_keeps_its_kind(golden: Callable[[str], Synthesizer]) -> None:
    synthesizer = golden("filled_pause_8k")
    sentence = next(synthesizer.sentences("你好，再见。"))
    plain = kinds_of(synthesizer, sentence)
    indices = np.repeat(np.arange(len(sentence.units)), 4)
    rows = UnitKinds(synthesizer.voice.manifest.units).rows(sentence.units.features, indices)
    assert_array_equal(rows.silent[3::4], plain.silent)
    assert not rows.silent.reshape(-1, 4)[:, :3].any()
