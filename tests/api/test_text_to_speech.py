"""Speech in this process: chunks, files, threads, errors, and closing."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from server.api import (
    ConfigurationError,
    DeviceError,
    NothingToSpeakError,
    RequestError,
    ShutdownError,
    SpeechError,
    TextToSpeech,
    UnknownNameError,
)
from server.api.arguments import (
    EncodedSpeechArguments,
    EncodedSpeechFields,
    SpeechArguments,
    SpeechFields,
)
from server.audio.pcm import pcm_bytes
from server.timestamps.json_document import to_json
from server.timestamps.srt import to_srt
from tests.api.conftest import MODELS, server, settings
from tests.conftest import EMBEDDED, samples_of

CODECS = {"mp3": "mp3float", "opus": "opus", "aac": "aac", "flac": "flac", "wav": "pcm_s16le", "webm": "opus"}
TEXT = "今天天气很好，我们一起去公园散步。然后回家吃晚饭。"


async def test_the_chunks_are_those_that_the_http_server_sends(tts: TextToSpeech) -> None:
    fields: SpeechArguments = {
        "speaker": "female",
        "emotion": "happy",
        "speed": 1.3,
        "pitch": 2,
        "energy": 1,
        "volume": 0.7,
        "pitch_range": 1.4,
        "pauses": 0.6,
        "lexicon": {"公园": "gong1 yuan4"},
        "replacements": {"晚饭": "面条"},
        "seed": 7,
    }
    async with server() as speech:
        expected = await speech(TEXT, **fields)
        plain = await speech(TEXT)
        resampled = await speech(TEXT, sample_rate=24000, seed=7)
    chunks = list(tts.speak(TEXT, **fields))
    assert {chunk.rate for chunk in chunks} == {tts.voice.rate} == {16000}
    assert all(chunk.samples.dtype == np.float32 for chunk in chunks)
    assert b"".join(pcm_bytes(chunk.samples) for chunk in chunks) == expected.tobytes()
    chunks = list(tts.speak(TEXT, sample_rate=24000, seed=7))
    assert b"".join(pcm_bytes(chunk.samples) for chunk in chunks) == resampled.tobytes()
    other = np.frombuffer(b"".join(pcm_bytes(chunk.samples) for chunk in tts.speak(TEXT)), "<i2")
    np.testing.assert_allclose(other, plain, atol=1)
    assert len(other) != len(expected)


def test_encoded_bytes_and_a_file_have_the_samples_of_the_chunks(tts: TextToSpeech, tmp_path: Path) -> None:
    samples = samples_of(tts.speak(TEXT, seed=1))
    path = tmp_path / "hello.wav"
    written = tts.save(TEXT, path, seed=1)
    assert (written.path, written.seconds) == (path, len(samples) / 16000)
    read, rate = soundfile.read(path, dtype="int16")
    assert rate == 16000
    assert read.tobytes() == pcm_bytes(samples)
    assert b"".join(tts.encode(TEXT, response_format="pcm", seed=1)) == pcm_bytes(samples)


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
def test_samples_and_files_have_the_chosen_sampling_rate(tts: TextToSpeech, rate: int) -> None:
    chunks = list(tts.speak(TEXT, sample_rate=rate, seed=1))
    assert {chunk.rate for chunk in chunks} == {rate}
    length = sum(len(chunk.samples) for chunk in chunks)
    timing = tts.timestamps(TEXT)
    assert length == round(timing.samples * rate / timing.rate)
    assert tuple(chunk.sentence for chunk in chunks if chunk.sentence) == timing.sentences
    data = b"".join(tts.encode(TEXT, response_format="pcm", sample_rate=rate, seed=1))
    assert data == pcm_bytes(samples_of(chunks))


@pytest.mark.parametrize(("suffix", "codec"), CODECS.items())
def test_a_file_is_encoded_as_its_suffix_says(tts: TextToSpeech, tmp_path: Path, suffix: str, codec: str) -> None:
    written = tts.save("你好。", tmp_path / f"hello.{suffix}", sample_rate=24000)
    streamed = io.BytesIO(b"".join(tts.encode("你好。", response_format=suffix, sample_rate=24000)))
    for file in (str(written.path), streamed):
        with av.open(file) as container:
            stream = container.streams.audio[0]
            assert (stream.codec_context.name, stream.rate) == (codec, 48000 if codec == "opus" else 24000)
            seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(stream))
        assert abs(seconds - written.seconds) < 0.1


def test_mp3_is_the_default_of_encoded_bytes(tts: TextToSpeech) -> None:
    data = b"".join(tts.encode("你好。"))
    with av.open(io.BytesIO(data)) as container:
        assert container.format.name == "mp3"


def test_the_times_add_up_to_the_audio(tts: TextToSpeech, tmp_path: Path, decoder_steps: list[str]) -> None:
    timing = tts.timestamps(TEXT, speed=1.5)
    assert not decoder_steps
    position, begins = 0, []
    sentences = []
    for chunk in tts.speak(TEXT, speed=1.5):
        if chunk.sentence:
            sentences.append(chunk.sentence)
            begins.append(position)
        position += len(chunk.samples)
    assert (timing.sentences, timing.samples, timing.rate) == (tuple(sentences), position, 16000)
    assert begins == [sentence.begin for sentence in sentences]
    assert "".join(sentence.text for sentence in sentences) == TEXT
    assert sentences[-1].end == position
    for sentence in sentences:
        times = [time for word in sentence.words for time in (word.begin, word.end)]
        assert times == sorted(times)
        assert sentence.begin <= times[0] < times[-1] <= sentence.end
    for suffix, write in (("json", to_json), ("srt", to_srt)):
        path = tmp_path / f"hello.{suffix}"
        assert tts.save(TEXT, tmp_path / "hello.wav", speed=1.5, timestamps=path).timing == timing
        assert path.read_text("utf-8") == write(timing)


def test_times_are_those_of_a_whole_text(tts: TextToSpeech) -> None:
    with pytest.raises(RequestError, match="input must be text, not "):
        tts.timestamps(iter(TEXT))  # type: ignore[arg-type]


def test_the_format_of_a_file_is_its_suffix_unless_one_is_given(tts: TextToSpeech, tmp_path: Path) -> None:
    raw = tts.save("你好。", tmp_path / "hello.PCM", seed=1).path.read_bytes()
    wave = tts.save("你好。", str(tmp_path / "hello.bin"), response_format="wav", seed=1).path.read_bytes()
    assert wave[44:] == raw
    for wrong, message in (
        ("hello.txt", "the suffix of hello.txt names no format"),
        ("hello", "hello names no format"),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            tts.save("你好。", tmp_path / wrong)
        assert caught.value.param == "response_format"
        assert not (tmp_path / wrong).exists()


def test_a_file_that_cannot_be_written_is_an_error(tts: TextToSpeech, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot write"):
        tts.save("你好。", tmp_path / "missing" / "hello.wav")


def test_audio_is_computed_when_it_is_asked_for(tts: TextToSpeech, decoder_steps: list[str]) -> None:
    list(tts.speak(TEXT))
    whole = len(decoder_steps)
    decoder_steps.clear()
    chunks = tts.speak(TEXT)
    assert not decoder_steps
    next(chunks)
    first = len(decoder_steps)
    assert 0 < first < whole / 4
    chunks.close()
    assert len(decoder_steps) == first
    assert list(chunks) == []


WRONG = {
    "an unknown voice": ({"voice": "absent"}, "unknown voice 'absent'; valid: demo"),
    "an unknown speaker": ({"speaker": "absent"}, "unknown speaker 'absent'; valid: natural, male, female"),
    "an unknown emotion": ({"emotion": "hungry"}, "unknown emotion 'hungry'; valid: neutral"),
    "a speed out of range": ({"speed": 9}, "speed must be at most 4, not 9"),
    "a speed that is no number": ({"speed": "fast"}, "speed must be a number, not 'fast'"),
    "a volume that is no number": ({"volume": float("nan")}, "volume must be"),
    "an invalid reading": ({"lexicon": {"好": "x"}}, "lexicon entry '好'"),
    "an empty replacement": ({"replacements": {"": "x"}}, "replacement ''"),
    "a negative seed": ({"seed": -1}, "seed must be at least 0"),
    "a seed that is too large": ({"seed": 2**32}, "seed must be at most 4294967295"),
    "a sampling rate": ({"sample_rate": 1}, "sample_rate is 1; valid: 8000, 11025"),
    "a format for samples": ({"response_format": "wav"}, "response_format is not an argument; valid: speed, speaker"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_refused_at_once_with_the_valid_values(tts: TextToSpeech, case: str) -> None:
    arguments, message = WRONG[case]
    with pytest.raises(RequestError, match=message.replace("[", r"\[")) as caught:
        tts.speak("你好。", **arguments)  # type: ignore[arg-type]
    assert caught.value.param == next(iter(arguments))


INVALID_OUTPUT: dict[str, EncodedSpeechArguments] = {
    "response_format": {"response_format": "ape"},
    "sample_rate": {"response_format": "mp3", "sample_rate": 96000},
    "bit_rate": {"response_format": "mp3", "bit_rate": 1},
}


def test_a_wrong_format_is_refused_before_anything_is_computed(tts: TextToSpeech, decoder_steps: list[str]) -> None:
    with pytest.raises(UnknownNameError, match="unknown response_format 'ape'; valid: "):
        tts.encode("你好。", response_format="ape")
    for name, arguments in INVALID_OUTPUT.items():
        with pytest.raises(RequestError) as caught:
            tts.encode("你好。", **arguments)
        assert caught.value.param == name
        with pytest.raises(RequestError):
            tts.save("你好。", "hello.wav", **arguments)
    with pytest.raises(RequestError, match="valid suffixes: "):
        tts.save("你好。", "hello.wav", timestamps="hello.txt")
    assert not decoder_steps


def test_a_text_with_nothing_to_speak_is_an_error_and_leaves_no_file(tts: TextToSpeech, tmp_path: Path) -> None:
    for text in ("", "🎉"):
        with pytest.raises(NothingToSpeakError):
            next(tts.speak(text))
        with pytest.raises(NothingToSpeakError):
            next(tts.encode(text))
        with pytest.raises(NothingToSpeakError):
            tts.save(text, tmp_path / "hello.wav")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"voice": "absent", "models": MODELS}, UnknownNameError),
        ({"models": "/nowhere"}, ConfigurationError),
        ({"config": "missing.yaml"}, ConfigurationError),
    ],
)
def test_a_voice_that_cannot_be_opened_is_an_error(options: dict[str, object], error: type[SpeechError]) -> None:
    with pytest.raises(error):
        TextToSpeech(**options)  # type: ignore[arg-type]


def test_settings_come_from_a_configuration_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("runtime: {providers: [cpu]}\nsynthesis: {max_characters: 3}\n", encoding="utf-8")
    with TextToSpeech(config=file, models=str(MODELS)) as tts:
        assert tts.voice.name == "demo"
        with pytest.raises(RequestError, match="3"):
            tts.speak("你好你好。")


def test_a_configured_label_is_in_files_and_heard(tts: TextToSpeech, tmp_path: Path) -> None:
    label = {"enabled": True, "producer": "P", "audible": "rhythm"}
    with TextToSpeech("demo", config=settings(label=label)) as labeling:
        written = labeling.save("你好。", tmp_path / "hello.mp3")
        assert sum(len(chunk.samples) for chunk in labeling.speak("你好。")) == written.timing.samples
        assert labeling.timestamps("你好。") == written.timing
        streams = [b"".join(labeling.encode("你好。")) for _ in range(2)]
    assert 1.3 < written.seconds - tts.save("你好。", tmp_path / "plain.mp3").seconds < 1.5
    ids = set()
    for file in (str(written.path), *map(io.BytesIO, streams)):
        with av.open(file) as container:
            found = json.loads(container.metadata["AIGC"])
            assert found["ContentProducer"] == "P"
            ids.add(found["ProduceID"])
    assert len(ids) == 3
    with av.open(str(tmp_path / "plain.mp3")) as container:
        assert "AIGC" not in container.metadata


def test_other_voices_of_the_folder_are_opened_when_they_are_named(tts: TextToSpeech) -> None:
    other = samples_of(tts.speak("你好。", voice="demo-small", seed=1))
    with TextToSpeech("demo-small", config=settings()) as small:
        np.testing.assert_array_equal(samples_of(small.speak("你好。", seed=1)), other)
    text = '<speak>你好<voice name="female">你好</voice></speak>'
    assert len(samples_of(tts.speak(text))) > len(other)


def test_a_text_in_pieces_is_spoken_as_the_whole_text(tts: TextToSpeech, tmp_path: Path) -> None:
    whole = samples_of(tts.speak(TEXT, seed=1, speaker="female"))
    with TextToSpeech("demo", config=settings(synthesis={"early_clause": False})) as waiting:
        for pieces in (iter(TEXT), [TEXT], [TEXT[:9], "", TEXT[9:]]):
            np.testing.assert_array_equal(samples_of(waiting.speak(pieces, seed=1, speaker="female")), whole)
        written = waiting.save(iter(TEXT), tmp_path / "hello.wav", seed=1, speaker="female")
        assert written.timing.sentences == waiting.timestamps(TEXT, speaker="female").sentences
        assert b"".join(waiting.encode(iter(TEXT), response_format="pcm", seed=1, speaker="female")) == pcm_bytes(whole)


def test_pieces_are_read_as_they_are_needed_and_their_errors_come_out(tts: TextToSpeech) -> None:
    read: list[str] = []

    def pieces() -> Iterator[str]:
        for piece in TEXT:
            read.append(piece)
            yield piece
        raise ZeroDivisionError

    chunks = tts.speak(pieces())
    assert not read
    next(chunks)
    assert len(read) < len(TEXT) / 2
    with pytest.raises(ZeroDivisionError):
        list(chunks)
    assert "".join(read) == TEXT


NO_PIECES = {
    "no text": ([], NothingToSpeakError, "nothing to speak"),
    "no characters": ([""], NothingToSpeakError, "nothing to speak"),
    "no speech": (["🎉"], NothingToSpeakError, "nothing to speak"),
    "a number": (5, RequestError, "input must be text or an iterator of its pieces, not 5"),
    "numbers": ([5], RequestError, "a piece of input must be text, not 5"),
    "a piece that is None": (["你好。", None, "再见。"], RequestError, "a piece of input must be text, not None"),
    "an invalid mark": (["重[", "chong9]庆"], RequestError, "chong9"),
}


@pytest.mark.parametrize("case", NO_PIECES)
def test_pieces_that_are_no_text_are_an_error(tts: TextToSpeech, case: str) -> None:
    pieces, error, message = NO_PIECES[case]
    with pytest.raises(error, match=message):
        list(tts.speak(pieces))  # type: ignore[arg-type]


def test_threads_share_a_voice(tts: TextToSpeech) -> None:
    texts = [f"{number}个人。" for number in range(4)]
    expected = [samples_of(tts.speak(text, seed=1)) for text in texts]
    start = threading.Barrier(len(texts))

    def speak(text: str) -> np.ndarray:
        start.wait()
        return samples_of(tts.speak(text, seed=1))

    with ThreadPoolExecutor(len(texts)) as pool:
        for got, samples in zip(pool.map(speak, texts), expected, strict=True):
            np.testing.assert_array_equal(got, samples)


def test_a_device_that_fails_in_the_middle_is_an_error_after_the_chunks_before_it(
    device_fails: threading.Event, tmp_path: Path
) -> None:
    path = tmp_path / "hello.wav"
    path.write_bytes(b"old")
    with TextToSpeech("demo", models=MODELS) as tts:
        chunks = tts.speak(TEXT)
        assert len(next(chunks).samples)
        device_fails.set()
        with pytest.raises(DeviceError, match="Failed to allocate memory"):
            list(chunks)
        with pytest.raises(DeviceError):
            tts.save(TEXT, path)
        assert path.read_bytes() == b"old"
        device_fails.clear()
        assert len(list(tts.speak("你好。")))


def test_closing_releases_the_voice_and_ends_its_iterators() -> None:
    tts = TextToSpeech("demo", config=settings())
    chunks = tts.speak(TEXT)
    next(chunks)
    tts.close()
    with pytest.raises(ShutdownError, match="closed"):
        next(chunks)
    for call in (lambda: tts.speak("你好。"), lambda: tts.encode("你好。"), lambda: tts.save("你好。", "x.wav")):
        with pytest.raises(ShutdownError, match="this TextToSpeech is closed; create another one"):
            call()
    with pytest.raises(ShutdownError):
        tts.voice  # noqa: B018
    tts.close()


def test_the_names_of_the_arguments_are_those_that_are_validated() -> None:
    assert SpeechArguments.__annotations__.keys() == SpeechFields.model_fields.keys()
    encoding = set(EncodedSpeechArguments.__optional_keys__)
    assert encoding == set(EncodedSpeechFields.model_fields)


def test_importing_the_api_loads_nothing_that_computes() -> None:
    program = "import sys, server.api; print(sorted({'onnxruntime', 'torch', 'onnx', 'aiohttp'} & set(sys.modules)))"
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=EMBEDDED.parents[1], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
