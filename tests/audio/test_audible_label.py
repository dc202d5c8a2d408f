"""The rhythm sign: its tempo, pitch and edges; its place in a stream, with failures before the first byte."""

from collections.abc import AsyncGenerator

import numpy as np
import pytest

from server.audio.audible_label import AMPLITUDE, FREQUENCY, notice_text, rhythm_sign, with_sign
from server.config import LabelSection
from server.errors import SynthesisError
from server.scheduling.task import iterate
from server.types import Audio
from tests.conftest import samples_of

RATES = (8000, 16000, 22050, 48000)


def section(audible: str = "rhythm", position: str = "end", *, enabled: bool = True) -> LabelSection:
    return LabelSection.model_validate({"enabled": enabled, "producer": "P", "audible": audible, "position": position})


async def stream(*values: float, rate: int = 8000) -> AsyncGenerator[Audio, None]:
    for value in values:
        yield Audio(np.full(10, value, np.float32), rate)


async def failing() -> AsyncGenerator[Audio, None]:
    raise SynthesisError("no audio")
    yield


@pytest.mark.parametrize("rate", RATES)
def test_the_sign_is_short_long_short_short(rate):
    sign = rhythm_sign(rate)
    assert sign.rate == rate
    unit = rate // 10
    loud = [np.abs(sign.samples[start : start + unit]).max() > AMPLITUDE / 2 for start in range(0, 11 * unit, unit)]
    assert "".join("=" if each else "." for each in loud) == "=.===...=.="
    assert len(sign.samples) == pytest.approx(1.1 * rate, abs=11)


@pytest.mark.parametrize("rate", RATES)
def test_the_sign_is_a_tone_of_one_pitch_without_clicks(rate):
    samples = rhythm_sign(rate).samples
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * rate))
    assert np.argmax(spectrum) / 8 == pytest.approx(FREQUENCY, abs=10)
    steepest = 2 * np.pi * FREQUENCY / rate * AMPLITUDE
    assert np.abs(np.diff(samples, prepend=0, append=0)).max() <= steepest * 1.02
    assert np.abs(samples).max() <= AMPLITUDE


@pytest.mark.parametrize("audible", ["rhythm", "notice"])
def test_the_sign_follows_the_last_chunk_or_comes_before_the_first(audible):
    gap = np.zeros(2400, np.float32)
    speech, sign = (samples_of(iterate(stream(*values))) for values in ((0.1, 0.2), (0.7, 0.8)))
    after = with_sign(stream(0.1, 0.2), stream(0.7, 0.8), 8000, section(audible))
    np.testing.assert_array_equal(samples_of(iterate(after)), np.concatenate([speech, gap, sign]))
    before = with_sign(stream(0.1, 0.2), stream(0.7, 0.8), 8000, section(audible, "start"))
    np.testing.assert_array_equal(samples_of(iterate(before)), np.concatenate([sign, gap, speech]))


@pytest.mark.parametrize("position", ["start", "end"])
def test_a_stream_that_fails_at_once_yields_no_sign(position):
    chunks = iterate(with_sign(failing(), stream(0.7), 8000, section(position=position)))
    with pytest.raises(SynthesisError, match="no audio"):
        next(chunks)


@pytest.mark.parametrize("position", ["start", "end"])
def test_a_stream_without_audio_gets_no_sign(position):
    assert not list(iterate(with_sign(stream(), stream(0.7), 8000, section(position=position))))


def test_the_notice_is_the_text_of_the_configuration_where_one_is_wanted():
    assert notice_text(section("notice")) == "本音频由人工智能生成。"
    assert notice_text(section("rhythm")) == notice_text(section("notice", enabled=False)) == ""
