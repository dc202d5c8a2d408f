"""Recordings: what is taken of a file, and why another one is refused."""

import hashlib

import numpy as np
import pytest

from server.errors import MissingReferencesError, RequestError
from server.references.decoding import decode
from server.references.recording import RATE
from server.references.speech_detection import MARGIN, speech_bounds
from tests.audio.recording_files import FORMATS, spoken, wav


def with_silence(before, speech, after, noise=0.0, rate=RATE):
    samples = np.concatenate([np.zeros(round(before * rate)), speech, np.zeros(round(after * rate))])
    return (samples + noise * np.random.default_rng(0).normal(size=len(samples))).astype(np.float32)


def test_a_recording_is_the_speech_of_a_file():
    data = FORMATS["webm opus"][1](with_silence(1, spoken(2, 48000), 0.8, rate=48000))
    recording = decode(data)
    assert recording.digest == hashlib.sha256(data).hexdigest()
    assert (recording.format, recording.source_rate, recording.channels) == ("webm", 48000, 1)
    assert recording.audio.rate == RATE
    assert recording.seconds == pytest.approx(3.8, abs=0.01)
    assert recording.begin == pytest.approx(1 - MARGIN / RATE, abs=0.1)
    assert len(recording.audio.samples) / RATE == pytest.approx(2 + 2 * MARGIN / RATE, abs=0.25)


def test_equal_files_are_equal_recordings():
    data = wav(spoken())
    first, second = decode(data), decode(data)
    assert first == second
    assert hash(first) == hash(second)
    assert first != decode(wav(spoken(3)))


@pytest.mark.parametrize("noise", [0, 0.002, 0.02])
@pytest.mark.parametrize("level", [1, 0.01])
def test_silence_and_noise_around_the_speech_are_left_out(noise, level):
    bounds = speech_bounds(level * with_silence(1.5, spoken(2), 0.8, noise))
    assert bounds is not None
    begin, end = bounds
    assert 1.5 - 0.2 < begin / RATE < 1.5 + 0.1
    assert 3.5 - 0.1 < end / RATE < 3.5 + 0.2


def test_pauses_within_the_speech_are_kept():
    pause = np.zeros(2 * RATE, np.float32)
    samples = np.concatenate([spoken(1), pause, spoken(1)])
    assert speech_bounds(samples) == pytest.approx((0, 4 * RATE), abs=0.1 * RATE)


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (np.zeros(1, np.float32), "audio_too_short"),
        (spoken(0.9), "audio_too_short"),
        (with_silence(2, spoken(0.5), 2), "audio_too_short"),
        (np.zeros(3 * RATE, np.float32), "no_speech"),
        (with_silence(3, [], 0, noise=0.1), "no_speech"),
        (spoken(61), "audio_too_long"),
    ],
    ids=["one sample", "0.9 s", "0.5 s of speech", "silence", "noise", "61 s"],
)
def test_a_recording_without_enough_speech_is_refused(samples, code):
    with pytest.raises(RequestError) as refusal:
        decode(wav(samples))
    assert (refusal.value.param, refusal.value.code) == ("reference", code)


def test_a_file_that_cannot_be_decoded_is_an_error_of_the_request():
    with pytest.raises(RequestError, match="send WAV, MP3") as refusal:
        decode(b"text")
    assert (refusal.value.param, refusal.value.code) == ("reference", "unreadable_audio")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "webrtcvad", None)
    with pytest.raises(MissingReferencesError, match=r"webrtcvad.*\[references\]"):
        decode(wav(spoken()))
