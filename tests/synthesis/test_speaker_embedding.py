"""Filter banks and speaker embeddings of recordings equal those of the original code."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import RequestError, VoiceError
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.synthesis.speaker_encoder.fbank import fbank
from server.types import Audio
from tests.conftest import EMBEDDED, cpu


def test_filter_banks_equal_those_of_kaldi(recording: Audio, encoder_tensors: Mapping[str, np.ndarray]) -> None:
    np.testing.assert_allclose(fbank(recording, 80), encoder_tensors["recording_fbank"], rtol=0, atol=1e-3)


def test_only_whole_frames_are_used() -> None:
    sizes = [len(fbank(Audio(np.ones(samples, np.float32), 16000), 80)) for samples in (0, 399, 400, 559, 560)]
    assert sizes == [0, 0, 1, 1, 2]


@given(offset=st.floats(-1, 1))
def test_a_constant_offset_does_not_change_the_features(offset: float, recording: Audio) -> None:
    shifted = Audio(recording.samples[:4000] + np.float32(offset), recording.rate)
    np.testing.assert_allclose(fbank(shifted, 80), fbank(Audio(recording.samples[:4000], 16000), 80), rtol=0, atol=0.3)


def test_features_of_silence_are_the_finite_minimum() -> None:
    assert np.unique(fbank(Audio(np.zeros(16000, np.float32), 16000), 80)) == pytest.approx(np.log(2.0**-23))


def test_a_recording_gives_the_recorded_embedding(
    encoder: SpeakerEncoder, recording: Audio, encoder_tensors: Mapping[str, np.ndarray]
) -> None:
    np.testing.assert_allclose(encoder.embed(recording), encoder_tensors["recording_embedding"], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.ones(44100), 44100, r"has 44100 Hz, the speaker encoder takes 16000 Hz; resample it first"),
        (np.ones(15999), 16000, r"is 1\.00 s long; valid: 1 to 60 s"),
        (np.ones(0), 16000, r"is 0\.00 s long"),
        (np.ones(60 * 16000 + 160), 16000, r"is 60\.01 s long; valid: 1 to 60 s"),
        (np.zeros(16000), 16000, r"is silent"),
        (np.full(16000, np.nan), 16000, r"not numbers"),
    ],
    ids=["rate", "a sample too short", "empty", "too long", "silent", "NaN"],
)
def test_an_unusable_recording_is_refused(
    samples: np.ndarray, rate: int, message: str, encoder: SpeakerEncoder
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        encoder.embed(Audio(samples.astype(np.float32), rate))
    assert refused.value.param == "recording"


def test_another_graph_is_refused_as_speaker_encoder() -> None:
    with pytest.raises(VoiceError, match=r"postnet\.onnx is not a speaker encoder"):
        SpeakerEncoder(cpu().open(EMBEDDED / "postnet.onnx"))
