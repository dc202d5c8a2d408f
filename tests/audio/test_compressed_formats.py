"""Compressed formats, decoded again: length, delay, similarity, chunk sizes, early bytes, cancelled streams."""

import gc
import io
import shutil
import threading
import weakref

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from server.audio.encoder import AudioEncoder
from server.audio.encoders import ENCODERS, OutputFormat, create_encoder, encode_file
from server.audio.pcm import pcm_samples
from server.errors import SynthesisError
from server.types import Audio
from tests.audio.conftest import decode, decode_with_ffmpeg, resampled

RATES = (8000, 16000, 24000, 48000)
COMPRESSED = ("mp3", "opus", "aac", "flac", "webm")
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "webm": "audio/webm; codecs=opus",
}
CONTAINERS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "webm": "webm"}
AAC_DELAY = 1024
"""Samples, which ADTS cannot declare."""


def stream(encoder: AudioEncoder, audio: Audio, size: int) -> bytes:
    """The bytes of a stream of chunks of `size` samples."""
    chunks = [Audio(audio.samples[start : start + size], audio.rate) for start in range(0, len(audio.samples), size)]
    return encoder.header() + b"".join(map(encoder.encode, chunks)) + encoder.finish()


def frame_samples(name: str, rate: int) -> int:
    """Of one frame, at the rate of the decoder."""
    return {"mp3": 1152 if rate >= 32000 else 576, "aac": 1024}.get(name, 0)


def assert_similar(name: str, decoded: np.ndarray, decoded_rate: int, audio: Audio) -> None:
    """Checks the position of every sample, the length and the correlation."""
    delay = AAC_DELAY if name == "aac" else 0
    expected = audio.samples if decoded_rate == audio.rate else resampled(audio.samples, audio.rate, decoded_rate)
    assert delay <= len(decoded) - len(expected) + 1
    assert len(decoded) - len(expected) <= delay + frame_samples(name, audio.rate)
    overlap = decoded[delay : delay + len(expected)]
    correlation = np.corrcoef(overlap, expected[: len(overlap)])[0, 1]
    assert correlation > (0.9999 if name == "flac" else 0.98)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", COMPRESSED)
def test_a_stream_decodes_to_the_speech_without_a_shift(name, rate, speech):
    audio = speech(rate)
    decoded = decode(stream(create_encoder(OutputFormat(name), rate), audio, rate // 25))
    assert decoded.rate == (48000 if name in ("opus", "webm") else rate)
    assert_similar(name, decoded.samples, decoded.rate, audio)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", COMPRESSED)
def test_a_file_declares_its_length(name, rate, speech):
    audio = Audio(speech(rate).samples[rate // 100 :], rate)
    decoded = decode(encode_file(OutputFormat(name), audio))
    assert_similar(name, decoded.samples, decoded.rate, audio)
    if name != "aac":
        # FFmpeg declares at most one frame of padding at the end of MP3; 47 samples may not fit in it.
        excess = len(decoded.samples) - len(audio.samples) * decoded.rate // rate
        assert 0 <= excess <= (47 if name == "mp3" else 0)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs the program ffmpeg")
@pytest.mark.parametrize("name", COMPRESSED)
def test_the_program_ffmpeg_decodes_streams_without_a_warning(name, speech):
    for rate in RATES:
        audio = speech(rate)
        decoded = decode_with_ffmpeg(stream(create_encoder(OutputFormat(name), rate), audio, rate))
        assert_similar(name, decoded, 48000 if name in ("opus", "webm") else rate, audio)


def test_flac_is_lossless_and_its_file_has_the_number_of_samples(speech):
    audio = speech(16000)
    read, rate = soundfile.read(io.BytesIO(encode_file(OutputFormat("flac"), audio)), dtype="int16")
    assert rate == 16000
    np.testing.assert_array_equal(read, pcm_samples(audio.samples))
    assert soundfile.info(io.BytesIO(encode_file(OutputFormat("flac"), audio))).frames == len(audio.samples)


@pytest.mark.parametrize("name", ["mp3", "opus"])
def test_libsndfile_reads_streams(name, speech):
    audio = speech(24000)
    read, rate = soundfile.read(io.BytesIO(stream(create_encoder(OutputFormat(name), 24000), audio, 777)))
    # libsndfile's decoder of MP3 skips a declared delay only where the number of frames is declared too.
    assert 0 <= len(read) - len(audio.samples) * rate // 24000 <= (576 + 1105 if name == "mp3" else 0)


@pytest.mark.parametrize("name", COMPRESSED)
@settings(max_examples=15)
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=40))
def test_chunks_of_any_size_decode_to_the_same_samples(name, sizes):
    times = np.arange(6000) / 16000
    samples = (0.3 * np.sin(2 * np.pi * 200 * times * (1 + times))).astype(np.float32)
    encoder = create_encoder(OutputFormat(name), 16000)
    pieces, start = [encoder.header()], 0
    for size in [*sizes, len(samples)]:
        pieces.append(encoder.encode(Audio(samples[start : start + size], 16000)))
        start += size
    whole = stream(create_encoder(OutputFormat(name), 16000), Audio(samples, 16000), len(samples))
    np.testing.assert_array_equal(decode(b"".join(pieces) + encoder.finish()).samples, decode(whole).samples)


@pytest.mark.parametrize("name", COMPRESSED)
def test_single_samples_can_be_chunks(name):
    samples = np.linspace(-0.5, 0.5, 700, dtype=np.float32)
    one_by_one = decode(stream(create_encoder(OutputFormat(name), 8000), Audio(samples, 8000), 1))
    np.testing.assert_array_equal(one_by_one.samples, decode(encode_at_once(name, samples)).samples)


def encode_at_once(name: str, samples: np.ndarray) -> bytes:
    return stream(create_encoder(OutputFormat(name), 8000), Audio(samples, 8000), len(samples))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", COMPRESSED)
def test_the_first_audio_can_be_decoded_within_a_fifth_of_a_second(name, rate, speech):
    encoder, samples = create_encoder(OutputFormat(name), rate), speech(rate).samples
    data, step, position = encoder.header(), rate // 100, 0
    while not decodable(data, name):
        data += encoder.encode(Audio(samples[position : position + step], rate))
        position += step
    # The delay of MP3 is two frames of 576 samples, that of AAC two frames of 1024 samples.
    assert position / rate <= {("mp3", 8000): 0.23, ("aac", 8000): 0.27}.get((name, rate), 0.2)


def decodable(data: bytes, name: str) -> bool:
    """Whether a player that knows the format has something to play."""
    try:
        with av.open(io.BytesIO(data), format=CONTAINERS[name]) as container:
            return any(frame.samples for frame in container.decode(audio=0))
    except av.FFmpegError:
        return False


@pytest.mark.parametrize("name", ENCODERS)
def test_a_stream_may_be_shorter_than_a_frame(name):
    for samples in (1, 100):
        audio = Audio(np.full(samples, 0.1, np.float32), 16000)
        for data in (
            stream(create_encoder(OutputFormat(name), 16000), audio, 100),
            encode_file(OutputFormat(name), audio),
        ):
            assert name == "pcm" or len(decode(data).samples) >= samples


@pytest.mark.parametrize("name", ENCODERS)
def test_a_stream_without_audio_can_be_finished(name):
    encoder = create_encoder(OutputFormat(name), 16000)
    assert isinstance(
        encoder.header() + encoder.encode(Audio(np.zeros(0, np.float32), 16000)) + encoder.finish(), bytes
    )


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_refuses_nan(name):
    for output in (OutputFormat(name), OutputFormat(name, sample_rate=8000)):
        encoder = create_encoder(output, 16000)
        encoder.header()
        with pytest.raises(SynthesisError, match="1 samples of 2"):
            encoder.encode(Audio(np.array([0, np.nan], np.float32), 16000))


@pytest.mark.parametrize("name", COMPRESSED)
def test_the_media_type_and_the_container(name, speech):
    encoder = create_encoder(OutputFormat(name), 24000)
    assert encoder.media_type == MEDIA_TYPES[name]
    with av.open(io.BytesIO(stream(encoder, speech(24000), 1000))) as container:
        audio = container.streams.audio[0]
        assert (len(container.streams), audio.codec_context.channels) == (1, 1)
        assert audio.codec_context.name.removesuffix("float") == {"webm": "opus"}.get(name, name)


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "webm"])
def test_a_bit_rate_changes_the_size(name, speech):
    sizes = [len(encode_file(OutputFormat(name, bit_rate=bit_rate), speech(16000))) for bit_rate in (16000, 64000)]
    assert sizes[1] > 2 * sizes[0]


@pytest.mark.parametrize("name", ENCODERS)
def test_threads_that_encode_at_the_same_time_do_not_disturb_each_other(name, speech):
    audio, results = speech(16000), {}

    def work(number: int) -> None:
        results[number] = decode(stream(create_encoder(OutputFormat(name), 16000), audio, 640 + number)).samples

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3) if name != "pcm"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for samples in results.values():
        np.testing.assert_array_equal(samples, results[0])


@pytest.mark.parametrize("name", COMPRESSED)
def test_an_encoder_that_is_dropped_is_freed_at_once_in_any_thread(name, speech):
    for chunks in (0, 1, 20):
        encoder = create_encoder(OutputFormat(name, sample_rate=24000), 16000)
        held = [weakref.ref(encoder), weakref.ref(encoder._encoder)]
        container = encoder._encoder._container
        if chunks:
            encoder.header()
        for chunk in range(chunks):
            encoder.encode(Audio(speech(16000).samples[640 * chunk :][:640], 16000))
        owned, encoder = [encoder], None
        thread = threading.Thread(target=owned.clear)
        gc.disable()
        try:
            thread.start()
            thread.join()
            assert not [reference for reference in held if reference()]
            assert not container.streams.audio
        finally:
            gc.enable()
