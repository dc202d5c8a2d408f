"""What is measured of a recording, against signals of which it is known."""

import math
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_signals import contour, recording, speech, vowel

from server.errors import MissingReferencesError
from server.references.analysis import analyze
from server.references.analysis.contours import contours
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.recording import RATE
from server.types import Audio

PLAIN = analyze(recording(speech()))
LEVELS = ("level", "warnings")


def figures(analysis: RecordingAnalysis) -> dict[str, float]:
    """The figures that could be measured, without the level."""
    return {name: value for name, value in asdict(analysis).items() if name not in LEVELS and value is not None}


def test_the_figures_of_known_speech() -> None:
    assert PLAIN.seconds == pytest.approx(3 * 1.5 + 0.6)
    assert PLAIN.f0_median == pytest.approx(150, rel=0.03)
    assert PLAIN.f0_range == pytest.approx(6, abs=0.7)
    assert PLAIN.f0_movement == pytest.approx(6 * 2 / 0.8, rel=0.15)
    assert PLAIN.syllable_rate == pytest.approx(4, rel=0.06)
    assert PLAIN.pause_seconds == pytest.approx(0.3, abs=0.06)
    assert PLAIN.pause_share == pytest.approx(0.6 / 5.1, abs=0.03)
    assert PLAIN.voiced_share > 0.85
    assert PLAIN.tract_scale == pytest.approx(1, abs=0.03)
    assert PLAIN.clipped_share == 0
    assert PLAIN.warnings == ()


@settings(derandomize=True, max_examples=8, deadline=None)
@given(st.floats(-20, 12))
def test_a_louder_recording_differs_only_in_its_level(gain: float) -> None:
    louder = analyze(recording(speech() * 10 ** (gain / 20)))
    assert louder.level == pytest.approx(PLAIN.level + gain, abs=0.1)
    assert figures(louder) == pytest.approx(figures(PLAIN), rel=0.05, abs=0.05)


@pytest.mark.parametrize("rate", [2.5, 3.0, 5.0, 6.0])
def test_the_rate_of_the_syllables(rate: float) -> None:
    assert analyze(recording(speech(rate, syllables=round(1.5 * rate)))).syllable_rate == pytest.approx(rate, rel=0.08)


@pytest.mark.parametrize(("decibels", "syllables"), [(1.0, 1), (5.0, 8)])
def test_a_ripple_of_the_level_is_no_syllable(decibels: float, syllables: int) -> None:
    times = np.arange(2 * RATE) / RATE
    ripple = 10 ** (-decibels / 40 * (1 + np.cos(2 * np.pi * 4 * times)))
    silence = np.zeros(RATE // 10)
    signal = np.concatenate([silence, vowel(np.full(len(times), 150.0)) * ripple, silence])
    assert len(contours(recording(signal).audio).nuclei) == syllables


def test_a_fricative_is_no_syllable() -> None:
    voiced = speech(phrases=1)
    hiss = np.random.default_rng(0).normal(0, 0.01, RATE // 8) * np.hanning(RATE // 8)
    signal = np.concatenate([voiced, np.zeros(800), hiss, np.zeros(800), voiced])
    assert len(contours(recording(signal).audio).nuclei) == 12


@pytest.mark.parametrize("pause", [0.25, 0.5, 1.0])
def test_the_duration_of_pauses(pause: float) -> None:
    found = contours(recording(speech(pause=pause)).audio).pauses
    assert [each.seconds for each in found] == pytest.approx([pause, pause], abs=0.06)
    assert found[0].begin == pytest.approx(1.5, abs=0.05)


def test_the_closure_of_a_plosive_is_no_pause() -> None:
    assert contours(recording(speech(pause=0.08)).audio).pauses == ()


@pytest.mark.parametrize(("median", "semitones"), [(90, 3), (90, 12), (220, 3), (220, 12), (350, 6)])
def test_f0_is_exact_to_a_third_of_a_semitone(median: float, semitones: float) -> None:
    f0 = contour(2.4, median, semitones)
    found = contours(recording(vowel(f0)).audio)
    expected = f0[np.minimum(np.arange(len(found.f0)) * 160, len(f0) - 1)]
    error = 12 * np.log2(found.f0[found.voiced] / expected[found.voiced])
    assert found.voiced.mean() > 0.9
    assert np.median(np.abs(error)) < 0.35
    assert np.mean(np.abs(error) > 2) < 0.02


@pytest.mark.parametrize("scale", [0.85, 0.92, 1.0, 1.1, 1.18])
def test_the_length_of_the_tract(scale: float) -> None:
    assert analyze(recording(speech(scale=scale))).tract_scale == pytest.approx(scale, rel=0.03)


@pytest.mark.parametrize("decibels", [30, 20, 10, 5])
def test_the_noise(decibels: float) -> None:
    voiced = analyze(recording(speech())).level
    measured = analyze(recording(speech(noise=10 ** ((voiced - decibels) / 20))))
    assert measured.signal_to_noise == pytest.approx(decibels, abs=2.5)
    assert any("noise" in warning for warning in measured.warnings) == (measured.signal_to_noise < 20)


def test_the_tilt_of_the_spectrum() -> None:
    """A filter of 6 dB an octave lowers it by that."""
    signal = speech()
    spectrum = np.fft.rfft(signal)
    spectrum[1:] /= np.fft.rfftfreq(len(signal), 1 / RATE)[1:] / 100
    steeper = analyze(recording(np.fft.irfft(spectrum, len(signal)))).tilt
    assert steeper == pytest.approx(PLAIN.tilt - 6, abs=0.3)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(1),
        np.ones(1),
        np.zeros(RATE),
        np.ones(RATE),
        np.random.default_rng(0).normal(0, 0.1, 2 * RATE),
        vowel(np.full(RATE, 120.0)),
        vowel(np.full(RATE // 20, 120.0)),
    ],
    ids=["nothing", "one sample", "a click", "silence", "direct current", "whisper", "one vowel", "50 ms"],
)
def test_what_cannot_be_measured_is_none_and_never_nan(samples: np.ndarray) -> None:
    analysis = analyze(recording(samples))
    numbers = [value for name, value in asdict(analysis).items() if value is not None and name != "warnings"]
    assert all(map(math.isfinite, numbers))
    assert analysis.warnings
    if len(samples) < 2 or np.std(samples) == 0 or len(samples) > RATE:
        assert analysis.f0_median is analysis.f0_range is analysis.syllable_rate is analysis.tract_scale is None
        assert any("no voiced speech" in warning for warning in analysis.warnings)


def test_noise_cannot_be_measured_without_a_frame_that_is_not_voiced() -> None:
    assert analyze(recording(vowel(contour(2.0)))).signal_to_noise is None


def test_the_warnings_have_figures_and_remedies() -> None:
    quiet = analyze(recording(speech(phrases=1) * 0.01))
    assert quiet.warnings == (
        "only 1.5 s of speech; 3 to 10 s are recommended",
        "the speech is at -65 dBFS; record louder, closer to the microphone",
    )


def test_audio_at_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 16000 Hz, not 8000 Hz"):
        contours(Audio(np.zeros(8000, np.float32), 8000))


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from server.references.analysis import f0

    f0._detector.cache_clear()
    monkeypatch.setitem(sys.modules, "swift_f0", None)
    with pytest.raises(MissingReferencesError, match=r"pip install '\.\[references\]'") as caught:
        analyze(recording(speech()))
    assert caught.value.code == "references_missing"


def test_the_library_is_loaded_by_the_first_analysis_only() -> None:
    program = "import sys, server.references.analysis; print('swift_f0' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
