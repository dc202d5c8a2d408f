"""The label in the metadata: its fields, and where each format carries it, read by other programs."""

import io
import json
import shutil
import subprocess

import av
import numpy as np
import pytest
import soundfile

from server.audio.encoders import ENCODERS, OutputFormat, create_encoder, encode_file
from server.audio.label import GeneratedLabel
from server.audio.pcm import pcm_samples
from server.config import LabelSection
from server.types import Audio
from tests.audio.conftest import decode

LABEL = GeneratedLabel('语音公司 "A"', "20260901-1", propagator="平台", propagate_id="7")
WITH_METADATA = [name for name in ENCODERS if name != "pcm"]
AUDIO = Audio(np.linspace(-0.5, 0.5, 4000, dtype=np.float32), 16000)


def streamed(output: OutputFormat) -> bytes:
    encoder = create_encoder(output, AUDIO.rate)
    return encoder.header() + encoder.encode(AUDIO) + encoder.finish()


def label_of(data: bytes, name: str) -> str | None:
    if name == "wav":
        return dict(riff_chunks(data)).get(b"AIGC", b"").decode() or None
    with av.open(io.BytesIO(data)) as container:
        tags = container.metadata | container.streams.audio[0].metadata
    return tags.get("AIGC")


def riff_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a file, or of a stream, whose last chunk has no size."""
    chunks, position = [], 12
    while position < len(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        chunks.append((name, data[position + 8 : position + 8 + size]))
        position += 8 + size + size % 2
    return chunks


def test_the_label_has_the_seven_fields_of_the_standard_in_order():
    fields = json.loads(LABEL.json())
    assert list(fields.items()) == [
        ("Label", "1"),
        ("ContentProducer", '语音公司 "A"'),
        ("ProduceID", "20260901-1"),
        ("ReservedCode1", ""),
        ("ContentPropagator", "平台"),
        ("PropagateID", "7"),
        ("ReservedCode2", ""),
    ]
    assert LABEL.json().isascii()


@pytest.mark.parametrize("name", WITH_METADATA)
def test_streams_and_files_carry_the_label_at_their_beginning(name):
    output = OutputFormat(name, label=LABEL)
    assert label_of(streamed(output), name) == LABEL.json()
    assert label_of(encode_file(output, AUDIO), name) == LABEL.json()
    assert b"AIGC" in create_encoder(output, 16000).header()


@pytest.mark.parametrize("name", ENCODERS)
def test_a_stream_without_a_label_has_no_trace_of_one(name):
    data = streamed(OutputFormat(name))
    assert b"AIGC" not in data
    assert (b"ID3" in data[:3]) == (name == "mp3")


@pytest.mark.parametrize("name", WITH_METADATA)
def test_the_label_does_not_change_the_audio(name):
    labeled, plain = streamed(OutputFormat(name, label=LABEL)), streamed(OutputFormat(name))
    np.testing.assert_array_equal(decode(labeled).samples, decode(plain).samples)


def test_pcm_carries_no_label():
    assert streamed(OutputFormat("pcm", label=LABEL)) == streamed(OutputFormat("pcm"))


@pytest.mark.parametrize("producer", ["a", "ab"])
def test_the_chunk_of_a_wav_file_is_padded_to_an_even_size(producer):
    data = encode_file(OutputFormat("wav", label=GeneratedLabel(producer, "1")), AUDIO)
    assert [name for name, _ in riff_chunks(data)] == [b"fmt ", b"AIGC", b"data"]
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    read, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 16000
    np.testing.assert_array_equal(read, pcm_samples(AUDIO.samples))


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="needs the program ffprobe")
@pytest.mark.parametrize("name", [name for name in WITH_METADATA if name != "wav"])
def test_ffprobe_shows_the_label(name):
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", "-"]
    ran = subprocess.run(command, input=streamed(OutputFormat(name, label=LABEL)), capture_output=True, check=True)
    assert not ran.stderr, ran.stderr.decode()
    shown = json.loads(ran.stdout)
    tags = shown["format"].get("tags", {}) | shown["streams"][0].get("tags", {})
    assert tags["AIGC"] == LABEL.json()


def test_every_label_has_an_id_of_its_own():
    section = LabelSection(enabled=True, producer="P")
    labels = [GeneratedLabel.of(section) for _ in range(3)]
    assert {label.producer for label in labels if label} == {"P"}
    assert len({label.produce_id for label in labels if label}) == 3
    assert GeneratedLabel.of(LabelSection(producer="P")) is None
