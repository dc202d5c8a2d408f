"""Results of jobs, computed with the embedded voice: compared with what the Python API gives for the whole text."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pysubs2
import pytest
import soundfile
from numpy.typing import NDArray

from server.api import Config, RequestError, TextToSpeech
from server.audio.audible_label import rhythm_sign
from server.client import Client
from server.errors import AccessDeniedError, NothingToSpeakError
from server.jobs.documents import plain_text
from server.jobs.job import Job, JobResult, Part, PartContent, Progress
from server.jobs.job_files import RESULT_NAME
from server.jobs.rendering.part_files import PartFiles
from server.jobs.rendering.renderer import JobRenderer
from server.jobs.rendering.slots import MAX_SPEED_UP
from server.jobs.request import JobRequest
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.scheduler import Scheduler
from server.synthesis.registry import OnDemandVoices
from tests.conftest import EMBEDDED

TEXT = "今天天气很好。我们去公园！\n他说：“你好吗？”她笑了。\n\n第二天，下雨了[pause:200ms]吗？是的。"
ANYBODY = Client()

Pcm = NDArray[np.int16]


def settings(**sections: object) -> Config:
    runtime = {"providers": ["cpu"], "threads": 1}
    return Config.model_validate({"models": {"path": EMBEDDED.parent}, "runtime": runtime, **sections})


@pytest.fixture(scope="module")
def voices() -> OnDemandVoices:
    return OnDemandVoices(settings())


@pytest.fixture
def rendering(voices, tmp_path):
    """`async with rendering(**sections) as run`; `await run(data, **fields)` makes a job and computes it."""

    @asynccontextmanager
    async def opened(**sections: object) -> AsyncIterator[object]:
        config = settings(**sections)
        streams = ActiveStreams(Scheduler(config.scheduler))
        renderer = JobRenderer(voices, streams, config)

        async def run(data: str, **fields: object) -> Rendered:
            request = JobRequest.model_validate(fields)
            contents = await asyncio.to_thread(renderer.split, ANYBODY, request, data.encode())
            given = request.model_dump(mode="json", exclude_unset=True)
            job = Job("job_1", "", request.name, given, "running", Progress(1, 0, 1, 0), 0.0, digest="of the request")
            parts = [await computed(renderer, job, Part(index, part), tmp_path) for index, part in enumerate(contents)]
            result = await asyncio.to_thread(renderer.join, job, parts, tmp_path, lambda: False)
            return Rendered(renderer, job, parts, result, tmp_path)

        try:
            yield run
        finally:
            await streams.close()

    return opened


async def computed(renderer: JobRenderer, job: Job, part: Part, folder: Path) -> Part:
    result = await renderer.compute(job, part, folder, lambda characters: None)
    return replace(part, state="done", attempts=1, result=result)


class Rendered:
    def __init__(self, renderer: JobRenderer, job: Job, parts: Sequence[Part], result: JobResult, folder: Path) -> None:
        self.renderer, self.job, self.parts, self.result, self.folder = renderer, job, parts, result, folder
        self.file = (folder / RESULT_NAME).read_bytes()

    @property
    def archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.file))

    @property
    def manifest(self) -> dict:
        return json.loads(self.archive.read("manifest.json"))


def samples(file: bytes) -> Pcm:
    read, _ = soundfile.read(io.BytesIO(file), dtype="int16")
    return read


@pytest.fixture(scope="module")
def whole():
    """The audio of a text from the Python API."""
    with TextToSpeech("demo", config=settings()) as tts:
        yield lambda text, **arguments: np.frombuffer(
            b"".join(tts.encode(text, response_format="pcm", **arguments)), "<i2"
        )


def difference(one: Pcm, other: Pcm) -> int:
    assert len(one) == len(other)
    return int(np.abs(one.astype(np.int32) - other).max())


@pytest.fixture
def short_parts(monkeypatch):
    monkeypatch.setattr(plain_text, "PART_CHARACTERS", 15)
    monkeypatch.setattr(plain_text, "_MIN_CHARACTERS", 5)


@pytest.mark.usefixtures("short_parts")
async def test_joined_parts_are_the_audio_of_the_whole_text(rendering, whole):
    async with rendering() as run:
        rendered = await run(TEXT, seed=3, response_format="wav", name="公园/1")
    assert len(rendered.parts) > 2
    assert difference(samples(rendered.file), whole(TEXT, seed=3)) <= 2
    assert rendered.result.name == "公园 1.wav"
    assert rendered.result.media_type == "audio/wav"
    assert rendered.result.size == len(rendered.file)


async def test_only_the_first_part_of_a_text_begins_as_the_text_does(rendering, whole, monkeypatch):
    """A long first sentence is composed from its beginning, later ones are not."""
    monkeypatch.setattr(plain_text, "PART_CHARACTERS", 40)
    monkeypatch.setattr(plain_text, "_MIN_CHARACTERS", 20)
    text = "今天天气很好我们一起去公园散步然后回家吃晚饭明天还要上班所以早点休息。\n" * 2
    async with rendering() as run:
        rendered = await run(text, seed=3, response_format="wav")
    assert len(rendered.parts) == 2
    assert difference(samples(rendered.file), whole(text, seed=3)) <= 2


@pytest.mark.usefixtures("short_parts")
async def test_equal_jobs_give_equal_bytes(rendering, tmp_path):
    files = []
    for _ in range(2):
        async with rendering(label={"enabled": True, "producer": "x"}) as run:
            files.append((await run(TEXT[:30], seed=3, timestamps="json")).file)
        for path in sorted(tmp_path.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    assert files[0] == files[1]


@pytest.mark.usefixtures("short_parts")
async def test_times_count_in_the_whole_text_and_audio(rendering):
    async with rendering() as run:
        rendered = await run(TEXT, seed=3, response_format="wav", timestamps="json")
    assert rendered.result.media_type == "application/zip"
    assert rendered.archive.namelist() == ["speech.wav", "speech.json", "manifest.json"]
    times = json.loads(rendered.archive.read("speech.json"))
    with TextToSpeech("demo", config=settings()) as tts:
        expected = tts.timestamps(TEXT, seed=3)
    assert [(s["start"], s["stop"], round(s["begin"] * 16000)) for s in times["sentences"]] == [
        (each.start, each.stop, each.begin) for each in expected.sentences
    ]
    assert [w["start"] for s in times["sentences"] for w in s["words"]] == [
        word.start for each in expected.sentences for word in each.words
    ]
    assert round(times["duration"] * 16000) == expected.samples == len(samples(rendered.archive.read("speech.wav")))


@pytest.mark.parametrize("position", ["start", "end"])
@pytest.mark.usefixtures("short_parts")
async def test_the_audible_label_is_once_in_the_file(rendering, position):
    label = {"enabled": True, "producer": "x", "audible": "rhythm", "position": position}
    with TextToSpeech("demo", config=settings(label=label)) as tts:
        expected = np.frombuffer(b"".join(tts.encode(TEXT, response_format="pcm", seed=3)), "<i2")
    async with rendering(label=label) as run:
        rendered = await run(TEXT, seed=3, response_format="flac")
    assert difference(samples(rendered.file), expected) <= 2
    assert b"AIGC" in rendered.file


@pytest.mark.parametrize("end", ["ภาษาไทย", "😀"])
async def test_the_audible_label_ends_the_file_whether_the_last_line_can_be_read_or_not(rendering, end):
    label = {"enabled": True, "producer": "x", "audible": "rhythm"}
    lines = f"ภาษาไทย\n你好。\n{end}"
    async with rendering(label=label) as run:
        rendered = await run(lines, kind="lines", output="file", seed=3, response_format="wav")
    sign = rhythm_sign(16000).samples
    assert np.abs(samples(rendered.file)[-len(sign) :] / 32768 - sign).max() < 0.001


async def test_another_configuration_of_a_running_server_applies_to_the_next_part(voices, tmp_path):
    plain = settings()
    streams = ActiveStreams(Scheduler())
    renderer = JobRenderer(voices, streams, plain)
    request = JobRequest.model_validate({"input": "你好", "seed": 3})
    (content,) = renderer.split(ANYBODY, request, None)
    given = request.model_dump(mode="json", exclude_unset=True)
    job = Job("job_1", "", "", given, "running", Progress(1, 0, 1, 0), 0.0)
    before = await computed(renderer, job, Part(0, content), tmp_path)
    renderer.reconfigure(settings(label={"enabled": True, "producer": "x", "audible": "rhythm"}))
    after = await computed(renderer, job, Part(0, content), tmp_path)
    await streams.close()
    assert after.result.seconds > before.result.seconds + 0.5


async def test_each_line_is_a_file_that_equals_its_text_alone(rendering, whole):
    async with rendering() as run:
        rendered = await run("你好。\n\n……\n../再见！", kind="lines", seed=3, response_format="wav", timestamps="srt")
    names = rendered.archive.namelist()
    assert names == ["001 你好。.wav", "001 你好。.srt", "004 .. 再见！.wav", "004 .. 再见！.srt", "manifest.json"]
    assert difference(samples(rendered.archive.read(names[0])), whole("你好。", seed=3)) <= 2
    assert "你好" in rendered.archive.read(names[1]).decode()
    assert [entry["file"] for entry in rendered.manifest["files"]] == [names[0], names[2]]
    assert rendered.manifest["files"][1]["parts"][0]["line"] == 4
    assert len(rendered.result.warnings) == 1
    assert rendered.result.warnings[0].startswith("line 3: the text has nothing to speak")
    assert all(info.compress_type == zipfile.ZIP_STORED for info in rendered.archive.infolist())


async def test_json_lines_have_voices_of_their_own_and_can_be_joined(rendering, whole):
    lines = '{"input": "你好。", "speed": 2}\n{"input": "再见。", "speaker": "male"}'
    async with rendering() as run:
        rendered = await run(lines, kind="jsonl", seed=3, output="file", response_format="wav")
    silence = np.zeros(round(0.28 * 16000), np.int16)
    expected = [whole("你好。", seed=3, speed=2.0), silence, whole("再见。", seed=3, speaker="male")]
    assert difference(samples(rendered.file), np.concatenate(expected)) <= 2


def srt(*cues: tuple[float, float, str]) -> str:
    file = pysubs2.SSAFile()
    for begin, end, text in cues:
        file.append(pysubs2.SSAEvent(round(begin * 1000), round(end * 1000), text))
    return file.to_string("srt")


async def test_cues_begin_at_their_times(rendering, whole):
    async with rendering() as run:
        rendered = await run(
            srt((1, 4, "你好。"), (4.5, 8, "今天天气很好。")), kind="srt", seed=3, response_format="wav"
        )
    audio, first, second = samples(rendered.file), whole("你好。", seed=3), whole("今天天气很好。", seed=3)
    assert not audio[:16000].any()
    assert difference(audio[16000:][: len(first)], first) <= 2
    assert difference(audio[72000:], second) <= 2
    assert not audio[16000 + len(first) : 72000].any()
    assert rendered.result.warnings == []


async def test_long_cues_are_spoken_faster_then_end_late_then_delay_the_next_one(rendering, whole):
    text = "今天天气很好，我们一起去公园散步。"
    seconds = len(whole(text, seed=3)) / 16000
    fits, short = seconds / 1.3, seconds / 4
    cues = srt((0, fits, text), (20, 20 + short, text), (20 + short, 40, "再见。"))
    async with rendering() as run:
        rendered = await run(cues, kind="srt", seed=3, response_format="wav")
    first, second, third = rendered.parts
    assert first.result.seconds <= fits
    assert 1.2 < first.result.details["faster"] < MAX_SPEED_UP
    assert second.result.details["faster"] == MAX_SPEED_UP
    assert "faster" not in third.result.details
    begin = 20 + second.result.seconds
    assert len(samples(rendered.file)) == round((begin + third.result.seconds) * 16000)
    faster, late, delayed = rendered.result.warnings
    assert faster.startswith("line 2: the cue is spoken 1.3")
    assert "the cue is spoken 1.5 times as fast, and ends" in late
    assert delayed.startswith("line 10: the cue begins")


async def test_a_result_of_another_rate_is_converted_as_a_whole(rendering, whole):
    async with rendering() as run:
        rendered = await run("你好。\n再见。", seed=3, response_format="wav", sample_rate=24000)
    assert difference(samples(rendered.file), whole("你好。\n再见。", seed=3, sample_rate=24000)) <= 4


async def test_a_job_without_anything_to_speak_fails(rendering):
    async with rendering() as run:
        with pytest.raises(NothingToSpeakError):
            await run("……", seed=3)


async def test_a_damaged_part_is_noticed(rendering):
    async with rendering() as run:
        rendered = await run("你好。", seed=3)
    path = PartFiles(rendered.folder).audio(0)
    for content in (path.read_bytes()[:-200], b"", b"fLaC"):
        path.write_bytes(content)
        with pytest.raises(OSError, match=r"000000\.flac"):
            rendered.renderer.join(rendered.job, rendered.parts, rendered.folder, lambda: False)
    path.unlink()
    with pytest.raises(OSError, match="No such file"):
        rendered.renderer.join(rendered.job, rendered.parts, rendered.folder, lambda: False)


async def test_a_cancelled_joining_leaves_nothing_half_written(rendering):
    async with rendering() as run:
        rendered = await run("你好。", seed=3)
    before = sorted(rendered.folder.rglob("*"))
    (rendered.folder / RESULT_NAME).unlink()
    with pytest.raises(InterruptedError):
        rendered.renderer.join(rendered.job, rendered.parts, rendered.folder, lambda: True)
    assert sorted(rendered.folder.rglob("*")) == [path for path in before if path.name != RESULT_NAME]


async def test_a_cancelled_part_leaves_no_file(rendering):
    async with rendering() as run:
        rendered = await run("你好。", seed=3)
        begun = asyncio.Event()
        part = Part(7, PartContent("今天天气很好，我们一起去公园散步。" * 20, 340))
        computing = asyncio.create_task(
            rendered.renderer.compute(rendered.job, part, rendered.folder, lambda characters: begun.set())
        )
        await begun.wait()
        computing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await computing
    assert [path.name for path in PartFiles(rendered.folder).folder.iterdir()] == ["000000.flac"]


@pytest.mark.parametrize(
    ("data", "fields", "expected"),
    [
        ("好。\n" * 400 + "重[chong2 qing4 a1]庆", {}, "line 401, column 2: 3 syllables"),
        ("好\n重[chong2 qing4 a1]庆", {"kind": "lines"}, "line 2, column 2: 3 syllables"),
        ('{"input": "好"}\n{"input": "好", "voice": "nobody"}', {"kind": "jsonl"}, "line 2: unknown voice 'nobody'"),
        ("<speak>好\n<br/></speak>", {"kind": "ssml"}, "line 2, column 1"),
        ("好", {"emotion": "bored"}, "line 1: unknown emotion 'bored'"),
        ("好", {"response_format": "mp5"}, "unknown response_format 'mp5'"),
        ("好", {"bit_rate": 1}, "bit_rate is 1"),
    ],
)
async def test_errors_of_a_request_name_the_line(rendering, data, fields, expected):
    async with rendering() as run:
        with pytest.raises(RequestError) as raised:
            await run(data, **fields)
    assert str(raised.value).startswith(expected)


async def test_a_key_uses_its_voices_only(voices, tmp_path):
    streams = ActiveStreams(Scheduler())
    renderer = JobRenderer(voices, streams, settings())
    request = JobRequest.model_validate({"input": "你好"})
    with pytest.raises(AccessDeniedError, match="this key may not use voice 'demo'"):
        renderer.split(Client(name="guest", voices=("demo-small",)), request, None)
    await streams.close()
