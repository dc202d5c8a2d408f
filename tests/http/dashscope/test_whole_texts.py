"""Tasks whose text is whole, as those of Sambert: events, audio, parameters, and the end of the computing."""

import asyncio
import threading

import pytest

from server.audio.encoders import OutputFormat, create_encoder
from server.errors import DeviceError, SynthesisError
from server.types import Style
from tests.http.dashscope.raw_client import Closed, audio_of, names

TEXT = "今天天气很好"


def expected_pcm(demo, text: str) -> bytes:
    encoder = create_encoder(OutputFormat("pcm"), demo.voice.rate)
    return b"".join(encoder.encode(demo.chunk(number)) for number in range(len(text)))


async def test_a_task_is_started_speaks_and_is_finished(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT, task_id="some-task")
        received = await raw.until("task-finished")
    assert names(received) == ["task-started", "audio", "task-finished"]
    assert audio_of(received) == expected_pcm(demo, TEXT)
    started, finished = received[0], received[-1]
    assert started == {
        "header": {"task_id": "some-task", "event": "task-started", "attributes": {}}, "payload": {},
    }  # fmt: skip
    assert finished == {
        "header": {"task_id": "some-task", "event": "task-finished", "attributes": {}},
        "payload": {"output": None, "usage": {"characters": 12}},
    }


async def test_audio_arrives_before_the_rest_is_computed(serving, connect, demo):
    demo.permits = threading.Semaphore(1)
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT)
        assert names([await raw.receive(), await raw.receive()]) == ["task-started", "audio"]
        assert demo.computed == 1
        demo.permits.release(len(TEXT))
        assert names(await raw.until("task-finished")) == ["audio", "task-finished"]


async def test_tasks_follow_each_other_on_a_connection(serving, connect, demo):
    async with serving() as client, connect(client) as raw:
        for number in range(3):
            await raw.run("字" * (number + 1), task_id=str(number))
            received = await raw.until("task-finished")
            assert audio_of(received) == expected_pcm(demo, "字" * (number + 1))
            assert {message["header"]["task_id"] for message in received if isinstance(message, dict)} == {str(number)}


@pytest.mark.parametrize("path", ["", "/"])
async def test_the_path_may_end_with_a_slash(serving, path):
    async with serving() as client, client.ws_connect("/api-ws/v1/inference" + path) as websocket:
        await websocket.ping()
        await websocket.close()
        assert websocket.close_code == 1000


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ({}, Style()),
        ({"volume": 0, "rate": 0.5, "pitch": 0.5}, Style(speed=0.5, pitch=-12, volume=0)),
        ({"volume": 100, "rate": 2, "pitch": 2}, Style(speed=2, pitch=12, volume=2)),
        ({"volume": 25.0, "rate": 1.0, "pitch": 1}, Style(volume=0.5)),
        ({"pitch_range": 0, "pauses": 4}, Style(pitch_range=0, pauses=4)),
        ({"volume": None, "rate": None, "seed": 0, "type": 0}, Style()),
    ],
)
async def test_volume_rate_and_pitch_have_the_scales_of_the_cloud(serving, connect, demo, parameters, style):
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT, **parameters)
        await raw.until("task-finished")
    assert demo.requests == [(TEXT, "F7", "neutral", style)]


async def test_a_voice_may_have_the_name_of_a_model(serving, connect, registry):
    registry.voices["sambert-zhichu-v1"] = registry.voices["second"]
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT, model="sambert-zhichu-v1")
        assert names(await raw.until("task-finished", "task-failed"))[-1] == "task-finished"
    assert registry.voices["second"].requests


@pytest.mark.parametrize(
    ("model", "voice", "spoken_by"),
    [
        ("sambert-second-v1", None, "second"),
        ("sambert-second", None, "second"),
        ("second", None, "second"),
        ("cosyvoice-v3-flash", "second", "second"),
        ("sambert-demo-v1", "second", "second"),
        ("cosyvoice-v2", None, "demo"),
        ("qwen-audio-3.0-tts-flash", "demo/M7", "demo"),
    ],
)
async def test_the_voice_is_that_of_the_parameter_or_of_the_model(serving, connect, registry, model, voice, spoken_by):
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT, model=model, voice=voice)
        await raw.until("task-finished", "task-failed")
    assert [name for name, one in registry.voices.items() if one.requests] == [spoken_by]


@pytest.mark.parametrize(("model", "voice"), [("cosyvoice-v2", "longxiaochun"), ("sambert-zhichu-v1", None)])
async def test_names_of_the_cloud_may_be_aliases(serving, connect, registry, model, voice):
    registry.aliases = {"longxiaochun": "second/M7", "sambert-zhichu-v1": "second/M7"}
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT, model=model, voice=voice)
        await raw.until("task-finished", "task-failed")
    assert [request[:2] for request in registry.voices["second"].requests] == [(TEXT, "M7")]


@pytest.mark.parametrize(
    ("model", "parameters", "code", "said"),
    [
        ("sambert-nobody-v1", {}, "ModelNotFound", "sambert-nobody-v1"),
        ("nobody", {}, "ModelNotFound", "second"),
        ("cosyvoice-v2", {"voice": "longxiaochun"}, "InvalidParameter", "longxiaochun"),
        ("cosyvoice-v2", {"voice": "cracked"}, "InternalError", "damaged"),
        ("sambert-demo-v1", {"volume": 101}, "InvalidParameter", "parameters.volume must be at most 100"),
        ("sambert-demo-v1", {"rate": 0.4}, "InvalidParameter", "parameters.rate must be at least 0.5"),
        ("sambert-demo-v1", {"pitch": "high"}, "InvalidParameter", "parameters.pitch must be a number"),
        ("sambert-demo-v1", {"pauses": 5}, "InvalidParameter", "parameters.pauses must be at most 4"),
        ("sambert-demo-v1", {"format": "mp4"}, "InvalidParameter", "mp4"),
        ("sambert-demo-v1", {"text_type": "Html"}, "InvalidParameter", "PlainText"),
        ("sambert-demo-v1", {"seed": -1}, "InvalidParameter", "parameters.seed"),
        ("sambert-demo-v1", {"language_hints": ["ja", "zh"]}, "InvalidParameter", "'ja'"),
        ("sambert-demo-v1", {"hot_fix": {"pronunciation": [{"草地": "cao3"}]}}, "InvalidParameter", "草地"),
        ("sambert-demo-v1", {"hot_fix": {"pronounce": []}}, "InvalidParameter", "hot_fix.pronounce"),
        (
            "sambert-demo-v1",
            {"hot_fix": {"replace": [{str(number): "零"} for number in range(1001)]}},
            "InvalidParameter",
            "parameters.hot_fix.replace has 1001 entries; valid: at most 1000",
        ),
    ],
)
async def test_what_a_task_may_not_ask_for_fails_it_and_ends_the_connection(
    serving, connect, model, parameters, code, said
):
    async with serving() as client:
        async with connect(client) as raw:
            await raw.run(TEXT, model=model, **parameters)
            failed, closed = await raw.receive(), await raw.receive()
        assert names([failed, closed]) == ["task-failed", "closed"]
        assert failed["header"]["task_id"] == "a"
        assert failed["header"]["error_code"] == code
        assert said in failed["header"]["error_message"]
        assert failed["payload"] == {}
        assert isinstance(closed, Closed)
        assert closed.code in (1008, 1011)
        assert closed.reason.startswith(f"{code}: ")
        async with connect(client) as raw:
            await raw.run(TEXT)
            assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]


async def test_a_parameter_that_is_not_known_is_named(serving, connect, caplog):
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT, wobble=3, type=1, language_hints=["zh", "en"], aigc_propagator="某平台")
        started = await raw.receive()
        assert started["header"]["attributes"]["warnings"] == [
            "parameters.wobble is not supported and has no effect",
            "parameters.type is not supported and has no effect",
            "parameters.aigc_propagator and aigc_propagate_id have an effect with enable_aigc_tag only",
            "parameters.language_hints: only the first one is read, 'zh'",
        ]
        await raw.until("task-finished")
    assert "parameters.wobble" in caplog.text


@pytest.mark.parametrize("text", ["", None])
async def test_a_whole_text_must_be_there(serving, connect, text):
    async with serving() as client, connect(client) as raw:
        await raw.send("run-task", streaming="out", model="demo", input={"text": text})
        failed = await raw.receive()
    assert failed["header"]["error_code"] == "InvalidParameter"
    assert "payload.input.text" in failed["header"]["error_message"]


async def test_a_text_that_is_too_long_fails_before_the_task_starts(serving, connect):
    async with serving(max_characters=100) as client, connect(client) as raw:
        await raw.run("字" * 101)
        assert names(await raw.until("task-failed")) == ["task-failed"]


@pytest.mark.parametrize("error", [SynthesisError("NaN in the mel"), DeviceError("no device"), ZeroDivisionError("x")])
async def test_a_failure_in_the_middle_is_told(serving, connect, demo, caplog, error):
    demo.fails_after = (3, error)
    async with serving() as client, connect(client) as raw:
        await raw.run(TEXT)
        received = await raw.until()
    assert names(received) == ["task-started", "audio", "task-failed", "closed"]
    assert audio_of(received) == expected_pcm(demo, TEXT)[: 3 * 320]
    assert received[-2]["header"]["error_code"] == "InternalError"
    assert ("details" in received[-2]["header"]["error_message"]) is isinstance(error, ZeroDivisionError)
    assert str(error) in caplog.text


async def test_a_server_at_its_capacity_refuses_the_task(serving, connect, demo):
    demo.permits = threading.Semaphore(1)
    async with serving(max_streams=1) as client, connect(client) as first, connect(client) as second:
        await first.run(TEXT)
        await first.until("task-started")
        await second.run(TEXT)
        failed, closed = await second.receive(), await second.receive()
        assert failed["header"]["error_code"] == "Throttling.RateQuota"
        assert closed.code == 1013
        demo.permits.release(100)
        assert names(await first.until("task-finished")) == ["audio", "task-finished"]


async def test_a_cancelled_task_is_finished_and_computes_nothing_more(serving, connect, demo, wait_for_event):
    demo.permits = threading.Semaphore(1)
    async with serving() as client, connect(client) as raw:
        await raw.run("字" * 1000)
        await raw.receive()
        await raw.receive()
        await raw.send("finish-task", input={"directive": "cancel"})
        assert names([await raw.receive()]) == ["task-finished"]
        demo.permits.release(1000)
        await wait_for_event(demo.closed)
        assert demo.computed <= 2
        await raw.send("finish-task", input={"directive": "cancel"})  # crossed the end of the task
        await raw.run(TEXT, task_id="b")
        assert names(await raw.until("task-finished")) == ["task-started", "audio", "task-finished"]


async def test_a_new_task_takes_the_place_of_the_running_one(serving, connect, demo, wait_for_event):
    demo.permits = threading.Semaphore(1)
    async with serving(max_streams=1) as client, connect(client) as raw:
        await raw.run("字" * 1000)
        await raw.receive()
        await raw.receive()
        await raw.run(TEXT, task_id="b")
        started = await raw.receive()
        assert (names([started]), started["header"]["task_id"]) == (["task-started"], "b")
        demo.permits.release(1000)
        received = await raw.until("task-finished")
        assert names(received) == ["audio", "task-finished"]
        assert audio_of(received) == expected_pcm(demo, TEXT)
        assert demo.computed <= 2 + len(TEXT)


async def test_a_client_that_disconnects_stops_the_computing(serving, connect, demo, wait_for_event):
    demo.permits = threading.Semaphore(1)
    async with serving() as client:
        async with connect(client) as raw:
            await raw.run("字" * 1000)
            await raw.receive()
            await raw.receive()
        assert (await client.get("/health")).status == 200
        demo.permits.release(1000)
        await wait_for_event(demo.closed)
        assert demo.computed <= 2


async def test_the_computing_pauses_for_a_client_that_does_not_read(serving, connect, demo):
    demo.samples_per_chunk = 500_000  # a megabyte, more than the socket buffers hold
    async with serving() as client, connect(client) as raw:
        await raw.run("字" * 60)
        computed, unchanged = 0, 0
        while unchanged < 20:  # until nothing is computed any more
            await asyncio.sleep(0.02)
            unchanged = unchanged + 1 if demo.computed == computed and computed else 0
            computed = demo.computed
        assert demo.computed < 30
        received = await raw.until("task-finished")
        assert len(audio_of(received)) == 60 * 1_000_000
