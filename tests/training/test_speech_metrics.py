"""The metrics that compare generated speech with recordings."""

from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "pyworld", "scipy"):
    pytest.importorskip(package)
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources:UserWarning")

from training.voice.analysis import metrics  # noqa: E402
from training.voice.analysis.f0 import F0Contour, f0_contour  # noqa: E402
from training.voice.evaluate.sound_page import SoundRow, write_sound_page  # noqa: E402

RNG = np.random.default_rng(4)
MEL = (0.5 + 0.1 * np.cumsum(RNG.normal(0, 0.2, (200, 80)), axis=0) / 5).astype(np.float32)


def constant(hz: float, frames: int) -> F0Contour:
    return F0Contour(np.full(frames, hz, np.float32), np.ones(frames, bool))


@pytest.mark.parametrize("decibels", [5.0, 10.0, 15.0])
def test_harmonics_to_noise_is_that_of_a_tone_with_noise(decibels: float) -> None:
    seconds = np.arange(32000) / 16000
    tone = sum(np.sin(2 * np.pi * 200 * harmonic * seconds) / harmonic for harmonic in range(1, 20))
    noise = RNG.normal(0, 1, len(tone)) * tone.std() / 10 ** (decibels / 20)
    ratio = metrics.harmonics_to_noise((0.1 * (tone + noise)).astype(np.float32), constant(200, 160))
    assert ratio == pytest.approx(decibels, abs=1.5)


def test_harmonics_to_noise_needs_voiced_frames() -> None:
    silent = F0Contour(np.zeros(160, np.float32), np.zeros(160, bool))
    assert np.isnan(metrics.harmonics_to_noise(np.zeros(32000, np.float32), silent))


def test_octave_slips_are_steps_between_voiced_frames() -> None:
    f0 = np.array([200, 205, 410, 400, 190, 100, 0, 220], np.float32)
    voiced = np.array([True] * 6 + [False, True])
    assert metrics.octave_slips(F0Contour(f0, voiced)) == pytest.approx(100 * 3 / 5)


def test_warping_forgives_another_tempo_and_nothing_else() -> None:
    slower = np.repeat(MEL, 2, axis=0)
    assert metrics.warped_distortion(slower, MEL) == pytest.approx(0, abs=1e-3)
    other = MEL + RNG.normal(0, 0.05, MEL.shape).astype(np.float32)
    expected = metrics.mel_cepstral_distortion(other, MEL)
    assert metrics.warped_distortion(other, MEL) <= expected + 1e-3
    assert metrics.warped_distortion(other, MEL) > 0.5 * expected


def test_smoothing_lowers_deviation_and_modulation() -> None:
    smooth = sum(np.roll(MEL, shift, axis=0) for shift in range(8)) / 8
    assert metrics.deviation_ratio([MEL], [MEL]) == pytest.approx(1)
    assert metrics.deviation_ratio([smooth], [MEL]) < 0.99
    assert metrics.modulation_difference([MEL], [MEL]) == pytest.approx(0, abs=1e-6)
    assert metrics.modulation_difference([smooth[8:]], [MEL[8:]]) < -3


def test_the_page_has_every_sound(tmp_path: Path) -> None:
    sound = np.zeros(1600, np.float32)
    rows = [SoundRow("w1", "ni2/hao3#4", {"recording": sound, "copy": sound}), SoundRow("w2", "<b>", {"copy": sound})]
    write_sound_page(tmp_path, rows)
    page = (tmp_path / "index.html").read_text()
    assert sorted(file.name for file in tmp_path.glob("*.wav")) == ["w1-copy.wav", "w1-recording.wav", "w2-copy.wav"]
    assert all(file.name in page for file in tmp_path.glob("*.wav"))
    assert "&lt;b&gt;" in page


def test_hum_is_not_taken_for_the_voice() -> None:
    seconds = np.arange(32000) / 16000
    hum = 2e-3 * np.sin(2 * np.pi * 80 * seconds)
    voice = 0.1 * sum(np.sin(2 * np.pi * 216 * harmonic * seconds) / harmonic for harmonic in range(1, 8))
    speaks = (seconds > 0.7) & (seconds < 1.2)
    contour = f0_contour((hum + voice * speaks).astype(np.float32))
    assert not contour.voiced[:50].any()
    assert not contour.voiced[100:].any()
    np.testing.assert_allclose(contour.f0[contour.voiced], 216, rtol=0.02)
    noise = np.random.default_rng(0).normal(0, 0.01, len(seconds))
    assert f0_contour((voice + noise).astype(np.float32)).voiced[5:-5].all()
