"""Styles of single units change only those units, in whole audio and in streamed audio."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.scheduling.playback import PlaybackClock, RepeatableClock
from server.scheduling.task import iterate, run_to_completion
from server.synthesis.acoustic.variance_adaptor import ProsodyPrediction
from server.synthesis.synthesizer import Synthesizer
from server.text.sentence import Sentence
from server.text.units.unit_tables import read_symbol_lines
from server.types import Style
from tests.conftest import EMBEDDED, GOLDEN, PACKAGES, chunks_of, cpu, open_voice, samples_of
from tests.synthesis.test_streaming import median_f0

Golden = Callable[[str], Synthesizer]
TEXT = "今天天气很好，我们一起去公园散步，然后回家吃晚饭。"
SPAN = slice(15, 34)
"""The units of 我们一起去公园散步"""


class Synthesized:
    """A synthesized sentence, split into the parts before, inside and after the span."""

    def __init__(self, synthesizer: Synthesizer, sentence: Sentence, style: Style) -> None:
        styles = [Style()] * len(sentence.units)
        styles[SPAN] = [style] * len(styles[SPAN])
        self.prosody: ProsodyPrediction = run_to_completion(
            synthesizer._acoustic.predict_prosody(sentence.units, styles)
        )
        self.samples = samples_of(iterate(chunks_of(synthesizer, [replace(sentence, unit_styles=tuple(styles))])))
        ends = np.cumsum(self.prosody.durations) * synthesizer.voice.manifest.vocoder.samples_per_frame
        self.borders = [int(ends[SPAN.start - 1]), int(ends[SPAN.stop - 1])]
        self.parts = np.split(self.samples, self.borders)


@pytest.fixture(scope="module")
def render(robot: Synthesizer) -> Callable[[Style], Synthesized]:
    sentence = next(robot.sentences(TEXT))
    return lambda style: Synthesized(robot, sentence, style)


@pytest.mark.parametrize("pitch", [-4.0, 4.0])
def test_the_pitch_of_a_span_shifts_its_f0_and_nothing_else(
    pitch: float, robot: Synthesizer, render: Callable[[Style], Synthesized]
) -> None:
    plain, moved = render(Style()), render(Style(pitch=pitch))
    before, inside, after = (
        12 * np.log2(median_f0(b, robot.rate) / median_f0(a, robot.rate))
        for a, b in zip(plain.parts, moved.parts, strict=True)
    )
    assert inside == pytest.approx(pitch, abs=0.8)
    assert max(abs(before), abs(after)) < 0.5


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_the_speed_of_a_span_changes_its_duration_and_nothing_else(
    speed: float, render: Callable[[Style], Synthesized]
) -> None:
    plain, moved = render(Style()), render(Style(speed=speed))
    before, inside, after = (len(b) / len(a) for a, b in zip(plain.parts, moved.parts, strict=True))
    assert inside == pytest.approx(1 / speed, rel=0.05)
    assert (before, after) == (1, 1)


@pytest.mark.parametrize("volume", [0.0, 0.5, 1.5])
def test_the_volume_of_a_span_scales_its_samples_and_no_others(
    volume: float, robot: Synthesizer, render: Callable[[Style], Synthesized]
) -> None:
    plain, moved = render(Style()), render(Style(volume=volume))
    ramp = robot.rate // 100
    expected = plain.samples.copy()
    expected[slice(*plain.borders)] *= volume
    outside = np.ones(len(expected), bool)
    for border in plain.borders:
        outside[border - ramp : border + ramp] = False
    loud = np.abs(expected) > 0.7  # compressed by the limiter
    np.testing.assert_allclose(moved.samples[outside & ~loud], expected[outside & ~loud], atol=1e-6)


def test_the_energy_of_a_span_shifts_its_contour_and_nothing_else(render: Callable[[Style], Synthesized]) -> None:
    moved = render(Style(energy=6)).prosody.energy - render(Style()).prosody.energy
    assert (moved[SPAN] > 0).all()
    assert not np.delete(moved, np.arange(len(moved))[SPAN]).any()


@pytest.mark.parametrize("style", [Style(pitch=8), Style(pitch=-8), Style(volume=0), Style(volume=4), Style(speed=0.5)])
def test_there_is_no_click_at_the_start_and_the_end_of_a_span(
    style: Style, render: Callable[[Style], Synthesized]
) -> None:
    rendered = render(style)
    steps = np.abs(np.diff(rendered.samples))
    for border in rendered.borders:
        around = np.concatenate([steps[border - 400 : border - 8], steps[border + 8 : border + 400]])
        assert steps[border - 8 : border + 8].max() <= 1.2 * around.max()


@pytest.mark.parametrize("name", PACKAGES)
def test_equal_styles_of_all_units_equal_one_style(name: str, golden: Golden) -> None:
    synthesizer, style = golden(name), Style(1.3, 2.2, -3.1, 0.7, 1.4, 0.6)
    _, symbols = read_symbol_lines((GOLDEN / name / "symbols.txt").read_text())[0]
    units = synthesizer.tables.encode(symbols)
    one = run_to_completion(synthesizer._acoustic.predict_prosody(units, style))
    each = run_to_completion(synthesizer._acoustic.predict_prosody(units, [style] * len(units)))
    assert each.styles == one.styles == (style,)
    if name != "filled_pause_8k":  # with one style per unit, emotions move with their units
        np.testing.assert_array_equal(each.pitch, one.pitch)
        np.testing.assert_array_equal(each.durations, one.durations)


def test_a_filled_pause_has_the_style_and_the_emotion_of_the_next_unit(golden: Golden) -> None:
    synthesizer = golden("filled_pause_8k")
    _, symbols = read_symbol_lines((GOLDEN / "filled_pause_8k" / "symbols.txt").read_text())[0]
    units = synthesizer.tables.encode(symbols)
    units = replace(units, emotions=np.arange(len(units)) % 5)
    acoustic = synthesizer._acoustic
    text = run_to_completion(acoustic._encoder.encode(units, keep_positions=False))
    plain = run_to_completion(acoustic._encoder._run(units))["text"][0]
    styles = [Style(volume=place / 1000) for place in range(len(units))]
    volumes = [style.volume for style in run_to_completion(acoustic.predict_prosody(units, styles)).styles]
    fillers = 0
    for unit in range(len(units)):
        rows = np.flatnonzero(text.unit_indices == unit)
        assert len(rows) in (1, 4)
        fillers += len(rows) == 4
        np.testing.assert_array_equal(text.hidden[rows[-1]], plain[unit])
        assert {volumes[row] for row in rows} == {unit / 1000}
        assert set(text.emotions[rows]) == {units.emotions[unit]}
    assert fillers


def test_the_number_of_styles_must_be_that_of_the_units(demo: Synthesizer) -> None:
    units = next(demo.sentences("你好。")).units
    with pytest.raises(ValueError, match="2 styles for 5 units"):
        demo.synthesize(units, [Style()] * 2)


some_styles = st.builds(
    Style,
    speed=st.floats(0.5, 2),
    pitch=st.floats(-6, 6),
    energy=st.floats(-6, 6),
    volume=st.floats(0, 2),
    pitch_range=st.just(1) | st.floats(0, 2),
    pauses=st.floats(0.5, 2),
)


@settings(max_examples=12)
@given(styles=st.lists(some_styles, min_size=5, max_size=5), first=st.integers(1, 12), steps=st.integers(1, 12))
def test_streamed_audio_equals_whole_audio_for_any_styles(
    robot: Synthesizer, styles: list[Style], first: int, steps: int
) -> None:
    sentence = replace(next(robot.sentences("你好。")), unit_styles=tuple(styles), pause=0.02)

    def samples(**chunks: int) -> np.ndarray:
        robot._chunking = replace(robot._chunking, first_chunk_steps=chunks["first"], chunk_steps=chunks["steps"])
        return samples_of(iterate(chunks_of(robot, [sentence])))

    whole, streamed = samples(first=10**6, steps=10**6), samples(first=first, steps=steps)
    np.testing.assert_allclose(streamed, whole, atol=1e-5)
    assert len(streamed) > 0


def test_styles_do_not_delay_the_first_audio(decoder_steps: list[str]) -> None:
    synthesizer = open_voice(EMBEDDED, cpu())
    sentence = next(synthesizer.sentences(TEXT))
    needed = []
    for styles in ((Style(),), tuple(Style(volume=0.5 + place / 100) for place in range(len(sentence.units)))):
        decoder_steps.clear()
        clock = RepeatableClock(PlaybackClock())
        next(iterate(chunks_of(synthesizer, [replace(sentence, unit_styles=styles)], clock)))
        needed.append(len(decoder_steps))
    assert needed[0] == needed[1]
