"""Samples that were clipped are found in files as clients send them."""

import numpy as np
import pytest
from speech_signals import speech

from server.audio.resampler import resampled
from server.references.analysis import analyze
from server.references.clipping import PILE_COUNT, clipped_share
from server.references.decoding import decode
from server.references.recording import RATE
from server.types import Audio, Floats
from tests.audio.recording_files import FORMATS, wav

FILE_RATE = 48000


def clipped(share: float) -> Floats:
    """Speech at 48 kHz with that share of its samples at the limit."""
    samples = resampled(Audio(speech().astype(np.float32), RATE), FILE_RATE).samples
    limit = np.quantile(np.abs(samples), 1 - share)
    return np.clip(samples, -limit, limit).astype(np.float32)


@pytest.mark.parametrize("share", [0.002, 0.003, 0.01, 0.05])
def test_few_samples_are_found_though_the_rate_is_changed(share: float) -> None:
    recording = decode(wav(clipped(share), FILE_RATE))
    assert recording.clipped_share == pytest.approx(share, rel=0.6)
    analysis = analyze(recording)
    assert analysis.clipped_share == recording.clipped_share
    assert any("% of the samples are clipped" in warning for warning in analysis.warnings)


def test_one_channel_is_enough() -> None:
    samples = clipped(0.02)
    other = 0.3 * resampled(Audio(speech().astype(np.float32), RATE), FILE_RATE).samples
    for channels in ((samples, other), (other, samples)):
        assert decode(wav(np.stack(channels, 1), FILE_RATE)).clipped_share == pytest.approx(0.01, rel=0.3)


@pytest.mark.parametrize("kind", ["<i2", "<f4"])
@pytest.mark.parametrize("gain", [0.1, 1.0, 3.0])
def test_whole_speech_is_not_clipped_however_loud(gain: float, kind: str) -> None:
    samples = clipped(0.0)
    if kind == "<i2":
        samples = np.float32(0.9 * min(gain, 1.0) / np.abs(samples).max()) * samples
    else:
        samples = np.float32(gain) * samples
    assert decode(wav(samples, FILE_RATE, kind)).clipped_share == 0


def test_what_an_encoder_made_of_it_is_found_too() -> None:
    assert decode(FORMATS["mp3"][1](clipped(0.02))).clipped_share == pytest.approx(0.02, rel=0.3)
    assert decode(FORMATS["mp3"][1](clipped(0.0))).clipped_share == 0


def test_few_samples_at_the_peak_are_a_peak() -> None:
    heights = [100] * 99
    assert clipped_share([*heights, PILE_COUNT - 1]) == 0
    assert clipped_share([*heights, 299]) == 0
    assert clipped_share([*heights, 300]) == pytest.approx(300 / 10_200)
    assert clipped_share([0] * 100) == 0
