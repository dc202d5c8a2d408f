"""Streamed audio equals the whole audio to 1e-5, and the first chunk comes early."""

from collections.abc import Callable

import numpy as np
import pytest

from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.text.units.unit_tables import read_symbol_lines
from server.types import Style
from tests.conftest import GOLDEN, PACKAGES, chunks_of, samples_of, speak

Golden = Callable[[str], Synthesizer]
LONG = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息吧" * 4


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("steps", [1, 2, 7, 16])
def test_streamed_audio_equals_whole_audio(name: str, steps: int, golden: Golden) -> None:
    synthesizer = golden(name)
    _, symbols = read_symbol_lines((GOLDEN / name / "symbols.txt").read_text())[0]
    units = synthesizer.tables.encode(symbols)
    whole = synthesizer.synthesize(units, chunk_steps=0)
    streamed = synthesizer.synthesize(units, chunk_steps=steps)
    np.testing.assert_allclose(streamed.mel, whole.mel, atol=1e-5)
    np.testing.assert_allclose(streamed.audio.samples, whole.audio.samples, atol=1e-5)


def test_source_noise_does_not_depend_on_the_chunk_sizes(demo: Synthesizer) -> None:
    units = next(demo.sentences("你好，世界。")).units
    whole, streamed = (demo.synthesize(units, chunk_steps=steps, source_noise=True) for steps in (0, 3))
    silent = demo.synthesize(units, chunk_steps=0, source_noise=False)
    np.testing.assert_allclose(streamed.audio.samples, whole.audio.samples, atol=1e-5)
    assert np.abs(whole.audio.samples - silent.audio.samples).max() > 1e-3


def test_first_audio_comes_before_a_tenth_of_it_is_decoded(demo: Synthesizer, decoder_steps: list[str]) -> None:
    text = LONG[:120]
    stream = speak(demo, text)
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
        stream = iterate(SpeechPlan.for_text(demo, LONG[:length]).audio(PlaybackClock(lambda: 0.0)))
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
def test_a_voice_faster_than_real_time_never_underruns(factor: float, demo: Synthesizer) -> None:
    moments = Moments()
    clock = PlaybackClock(moments)
    sizes = []
    for audio in iterate(chunks_of(demo, demo.sentences(LONG), clock)):
        seconds = len(audio.samples) / audio.rate
        sizes.append(seconds)
        moments.now += factor * seconds  # what the next chunk takes, at most as long as this one or the buffer
    assert clock.late_chunks == 0
    assert clock.buffered_seconds >= 0
    assert max(sizes) > 1.9 * min(sizes[:-1]) or factor > 0.9


def test_closing_a_stream_stops_the_decoder(demo: Synthesizer, decoder_steps: list[str]) -> None:
    stream = speak(demo, LONG)
    next(stream)
    before = len(decoder_steps)
    stream.close()
    assert len(decoder_steps) == before
    assert list(stream) == []


def test_an_utterance_shorter_than_the_lookahead_is_whole(golden: Golden) -> None:
    synthesizer = golden("noncausal_16k")
    _, symbols = read_symbol_lines((GOLDEN / "noncausal_16k" / "symbols.txt").read_text())[0]
    units = synthesizer.tables.encode(" ".join(symbols.split()[:2]))
    trace = synthesizer.synthesize(units, chunk_steps=1)
    assert trace.prosody.frames < 24
    assert len(trace.audio.samples) == trace.prosody.frames * synthesizer.voice.manifest.vocoder.samples_per_frame


def test_sentences_are_separated_by_the_configured_silence(demo: Synthesizer) -> None:
    parts = [next(demo.sentences(text)) for text in ("你好。", "再见。")]
    spoken = sum(len(demo.synthesize(part.units).audio.samples) for part in parts)
    together = sum(len(audio.samples) for audio in speak(demo, "你好。再见。"))
    assert together - spoken == round(0.28 * demo.voice.rate)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_changes_the_length_and_not_the_pitch(speed: float, demo: Synthesizer) -> None:
    units = next(demo.sentences("今天天气很好，我们一起去公园散步。")).units
    plain, changed = demo.synthesize(units), demo.synthesize(units, Style(speed=speed))
    assert changed.prosody.frames == pytest.approx(plain.prosody.frames / speed, rel=0.05)
    np.testing.assert_array_equal(changed.prosody.pitch, plain.prosody.pitch)


def test_pitch_and_energy_move_the_predicted_contours(demo: Synthesizer) -> None:
    units = next(demo.sentences("今天天气很好。")).units
    plain, higher, louder = (demo.synthesize(units, style) for style in (Style(), Style(pitch=3), Style(energy=6)))
    assert (higher.prosody.pitch > plain.prosody.pitch).all()
    np.testing.assert_array_equal(higher.prosody.energy, plain.prosody.energy)
    assert (louder.prosody.energy > plain.prosody.energy).all()
    assert louder.audio.samples.std() > plain.audio.samples.std()


def test_a_pitch_of_three_semitones_shifts_f0_by_three(robot: Synthesizer) -> None:
    texts = ("今天天气很好，我们一起去公园散步。", "他在图书馆里看了一下午的书。", "请把窗户关上，外面的风太大了。")

    def measured(text: str, pitch: float) -> float:
        samples = samples_of(speak(robot, text, Style(pitch=pitch)))
        return 12 * np.log2(median_f0(samples, robot.voice.rate))

    for pitch in (-3.0, 3.0):
        # which windows are clearly periodic changes with the pitch, and moves the median of one sentence by a semitone
        moved = np.mean([measured(text, pitch) - measured(text, 0) for text in texts])
        assert moved == pytest.approx(pitch, abs=0.8)


def median_f0(samples: np.ndarray, rate: int) -> float:
    """Hz, over `f0_windows`."""
    return float(np.median(f0_windows(samples, rate)))


def f0_windows(samples: np.ndarray, rate: int) -> list[float]:
    """Hz, by autocorrelation of 64 ms windows, of those that are clearly periodic (50 to 250 Hz)."""
    size, found = rate * 64 // 1000, []
    lags = slice(rate // 250, rate // 50)
    for start in range(0, len(samples) - size, size // 4):
        window = samples[start : start + size] * np.hanning(size)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
        correlation /= np.maximum(np.correlate(np.hanning(size), np.hanning(size), "full")[size - 1 :], 1e-9)
        best = lags.start + int(np.argmax(correlation[lags]))
        if correlation[best] > 0.7 * correlation[0] and window.std() > 0.01:
            found.append(rate / best)
    return found
