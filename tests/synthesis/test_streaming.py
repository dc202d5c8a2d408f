"""Streamed audio is the whole audio, to 1e-5 anywhere, and it leaves early."""

from collections.abc import Callable

import numpy as np
import pytest

from server.scheduling.playback import PlaybackClock
from server.scheduling.task import at_once
from server.synthesis.synthesizer import Synthesizer
from server.text.units.unit_tables import read_symbol_lines
from server.types import Style
from tests.conftest import GOLDEN, PACKAGES

Golden = Callable[[str], Synthesizer]
LONG = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧" * 4


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("steps", [1, 2, 7, 16])
def test_streamed_audio_equals_whole_audio(name: str, steps: int, golden: Golden) -> None:
    synthesizer = golden(name)
    _, symbols = read_symbol_lines((GOLDEN / name / "symbols.txt").read_text())[0]
    units = synthesizer.tables.encode(symbols)
    whole = synthesizer.utter(units, chunk_steps=0)
    streamed = synthesizer.utter(units, chunk_steps=steps)
    np.testing.assert_allclose(streamed.mel, whole.mel, atol=1e-5)
    np.testing.assert_allclose(streamed.audio.samples, whole.audio.samples, atol=1e-5)


def test_chunks_of_any_size_hear_the_same_source_noise(demo: Synthesizer) -> None:
    units = next(demo.read("你好，世界。")).units
    whole, streamed = (demo.utter(units, chunk_steps=steps, source_noise=True) for steps in (0, 3))
    silent = demo.utter(units, chunk_steps=0, source_noise=False)
    np.testing.assert_allclose(streamed.audio.samples, whole.audio.samples, atol=1e-5)
    assert np.abs(whole.audio.samples - silent.audio.samples).max() > 1e-3


def test_first_audio_leaves_before_a_tenth_of_it_is_decoded(demo: Synthesizer, decoder_steps: list[str]) -> None:
    text = LONG[:120]
    stream = demo.speak(text)
    assert len(next(stream).samples)
    before = len(decoder_steps)
    for _ in stream:
        pass
    assert before < len(decoder_steps) / 10


def test_first_audio_needs_as_many_steps_for_a_long_text_as_for_a_short_one(
    demo: Synthesizer, decoder_steps: list[str]
) -> None:
    needed = []
    for length in (10, 60, 120):
        decoder_steps.clear()
        stream = demo.speak(LONG[:length])
        next(stream)
        needed.append(len(decoder_steps))
        stream.close()
    assert len(set(needed)) == 1


class Moments:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("factor", [0.01, 0.3, 0.99])
def test_a_voice_faster_than_real_time_never_runs_dry(factor: float, demo: Synthesizer) -> None:
    moments = Moments()
    pace = PlaybackClock(moments)
    sizes = []
    for audio in at_once(demo.speech(demo.read(LONG), pace)):
        seconds = len(audio.samples) / audio.rate
        sizes.append(seconds)
        moments.now += factor * seconds  # what the next chunk takes, at most as long as this one or its lead
    assert pace.late == 0
    assert pace.lead >= 0
    assert max(sizes) > 1.9 * min(sizes[:-1]) or factor > 0.9


def test_closing_a_stream_stops_the_decoder(demo: Synthesizer, decoder_steps: list[str]) -> None:
    stream = demo.speak(LONG)
    next(stream)
    before = len(decoder_steps)
    stream.close()
    assert len(decoder_steps) == before
    assert list(stream) == []


def test_an_utterance_shorter_than_the_lookahead_is_whole(golden: Golden) -> None:
    synthesizer = golden("noncausal_16k")
    _, symbols = read_symbol_lines((GOLDEN / "noncausal_16k" / "symbols.txt").read_text())[0]
    units = synthesizer.tables.encode(" ".join(symbols.split()[:2]))
    trace = synthesizer.utter(units, chunk_steps=1)
    assert trace.score.frames < 24
    assert len(trace.audio.samples) == trace.score.frames * synthesizer.voice.manifest.vocoder.samples_per_frame


def test_sentences_are_apart_by_the_configured_silence(demo: Synthesizer) -> None:
    parts = [next(demo.read(text)) for text in ("你好。", "再见。")]
    spoken = sum(len(demo.utter(part.units).audio.samples) for part in parts)
    together = sum(len(audio.samples) for audio in demo.speak("你好。再见。"))
    assert together - spoken == round(0.28 * demo.voice.rate)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_changes_the_length_and_not_the_pitch(speed: float, demo: Synthesizer) -> None:
    units = next(demo.read("今天天气很好，我们一起去公园散步。")).units
    plain, changed = demo.utter(units), demo.utter(units, Style(speed=speed))
    assert changed.score.frames == pytest.approx(plain.score.frames / speed, rel=0.05)
    np.testing.assert_array_equal(changed.score.pitch, plain.score.pitch)


def test_pitch_and_energy_move_the_predicted_contours(demo: Synthesizer) -> None:
    units = next(demo.read("今天天气很好。")).units
    plain, higher, louder = (demo.utter(units, style) for style in (Style(), Style(pitch=3), Style(energy=6)))
    assert (higher.score.pitch > plain.score.pitch).all()
    np.testing.assert_array_equal(higher.score.energy, plain.score.energy)
    assert (louder.score.energy > plain.score.energy).all()
    assert louder.audio.samples.std() > plain.audio.samples.std()


def test_a_pitch_of_three_semitones_is_heard_as_three(demo: Synthesizer) -> None:
    demo.warm_up()
    texts = ("今天天气很好，我们一起去公园散步。", "他在图书馆里看了一下午的书。", "请把窗户关上，外面的风太大了。")

    def heard(text: str, pitch: float) -> float:
        samples = np.concatenate([audio.samples for audio in demo.speak(text, style=Style(pitch=pitch))])
        return 12 * np.log2(median_f0(samples, demo.voice.rate))

    for pitch in (-3.0, 3.0):
        # which windows are clearly periodic changes with the pitch, and moves the median of one sentence by a semitone
        moved = np.mean([heard(text, pitch) - heard(text, 0) for text in texts])
        assert moved == pytest.approx(pitch, abs=0.8)


def median_f0(samples: np.ndarray, rate: int) -> float:
    """Hz, by autocorrelation of 64 ms windows, over those that are clearly periodic (50 to 250 Hz)."""
    size, found = rate * 64 // 1000, []
    lags = slice(rate // 250, rate // 50)
    for start in range(0, len(samples) - size, size // 4):
        window = samples[start : start + size] * np.hanning(size)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
        correlation /= np.maximum(np.correlate(np.hanning(size), np.hanning(size), "full")[size - 1 :], 1e-9)
        best = lags.start + int(np.argmax(correlation[lags]))
        if correlation[best] > 0.7 * correlation[0] and window.std() > 0.01:
            found.append(rate / best)
    return float(np.median(found))
