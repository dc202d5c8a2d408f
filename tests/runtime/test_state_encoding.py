"""States of variants convert into each other, exactly up to rounding."""

from pathlib import Path

import numpy as np
import pytest

from convert.quantization.metrics import signal_to_noise_ratio
from server.runtime import fallback
from server.runtime.precision import PrecisionChoice
from server.runtime.runtime import Runtime
from server.runtime.state_encoding import StateEncoding, decode_states, encode_states, read_encodings
from server.scheduling.task import run_to_completion
from server.synthesis.vocoder.vocoder import Vocoder
from server.types import Mel
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, open_voice
from tests.runtime.failing_device import runtime_that_fails_after

SCALE = np.array([0.5, 0.01, 3.0], np.float32)


def random_values(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (2, 3, 1, 5)).astype(np.float32) * SCALE[:, None, None] * 30


@pytest.mark.parametrize("zero", [None, 0, 100, 255])
@pytest.mark.parametrize("channels_last", [False, True])
def test_decoding_is_the_inverse_of_encoding(zero: int | None, channels_last: bool) -> None:
    encoding = StateEncoding("state.x", SCALE, zero, channels_last)
    values = np.abs(random_values(1)) * {0: 1, 255: -1}.get(zero or -1, 1) if zero in (0, 255) else random_values(1)
    stored = encoding.encode(values)
    assert stored.shape == ((2, 1, 5, 3) if channels_last else (2, 3, 1, 5))
    assert stored.dtype == (np.float32 if zero is None else np.uint8)
    tolerance = np.broadcast_to(SCALE[:, None, None] * (0.501 if zero is not None else 1e-5), values.shape)
    fits = np.abs(values) < SCALE[:, None, None] * (90 if zero == 100 else 1e9)
    decoded = encoding.decode(stored)
    assert decoded.dtype == np.float32
    assert (np.abs(decoded - values) <= tolerance)[fits].all()
    if zero is not None:
        np.testing.assert_array_equal(encoding.encode(decoded), stored)


def test_zeros_are_exact() -> None:
    encoding = StateEncoding("state.x", SCALE, 77, channels_last=True)
    assert (encoding.initial((1, 1, 4, 3)) == 77).all()
    assert not encoding.decode(encoding.initial((1, 1, 4, 3))).any()


def test_values_beyond_the_range_become_its_ends() -> None:
    encoding = StateEncoding("state.x", np.float32(1), 128, channels_last=True)
    values = np.array([-1000.0, 0, 1000], np.float32).reshape(1, 3, 1, 1)
    assert encoding.encode(values).ravel().tolist() == [0, 128, 255]


def test_the_states_of_a_run_are_renamed_and_others_are_kept() -> None:
    encodings = read_encodings(
        {"state_encodings": {"state.x.encoded": {"state": "state.x", "scale": 2.0, "zero": 3, "channels_last": True}}}
    )
    given = {"state.x.encoded": np.full((1, 1, 2, 1), 4, np.uint8), "state.y": np.ones(3), "mel": np.zeros(2)}
    plain = decode_states(given, encodings)
    assert set(plain) == {"state.x", "state.y", "mel"}
    assert plain["state.x"].tolist() == [[[[2.0, 2.0]]]]
    back = encode_states(plain, encodings)
    assert set(back) == set(given)
    np.testing.assert_array_equal(back["state.x.encoded"], given["state.x.encoded"])


def test_a_graph_without_encodings_has_none() -> None:
    assert read_encodings({"lookahead": 3}) == {}


def audio_of(voice: Voice, runtime: Runtime, mel: np.ndarray) -> np.ndarray:
    """The vocoder's audio of a mel, in chunks of 14 frames."""
    vocoder = Vocoder(voice, runtime)
    state, parts = vocoder.start(source_noise=False), []
    for begin in range(0, len(mel), 14):
        chunk, final = Mel(mel[begin : begin + 14]), begin + 14 >= len(mel)
        audio, state = run_to_completion(vocoder.advance(state, chunk, final=final))
        parts.append(audio.samples)
    return np.concatenate(parts)


@pytest.mark.parametrize("order", [("int8", "fp32"), ("fp32", "int8"), ("fp16", "int8"), ("int8", "int8")])
@pytest.mark.parametrize("runs", [1, 3])
def test_a_stream_goes_on_in_another_precision(
    order: tuple[str, str], runs: int, several: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precisions = dict(zip(("cuda", "cpu"), order, strict=True))
    monkeypatch.setattr(
        fallback, "choose_precision", lambda provider, *_: PrecisionChoice(precisions[provider], "for the test")
    )
    voice = Voice(several / "demo")
    speaker = open_voice(EMBEDDED)
    mel = speaker.synthesize(next(speaker.sentences("今天天气很好。")).units).mel[:70].astype(np.float32)
    opened: list[str] = []
    broken = runtime_that_fails_after(runs, opened)
    got = audio_of(voice, broken, mel)
    assert broken.provider == "cpu"
    monkeypatch.setattr(fallback, "choose_precision", lambda *_: PrecisionChoice("fp32", "for the test"))
    expected = audio_of(voice, runtime_that_fails_after(100), mel)
    assert got.shape == expected.shape
    after_change = slice(2800 * runs - 2000, 2800 * runs + 800)  # the vocoder is ten frames behind
    assert signal_to_noise_ratio(expected, got) > 28  # 31 to 33; without the states 10, and 1 to 4
    assert signal_to_noise_ratio(expected[after_change], got[after_change]) > 28
