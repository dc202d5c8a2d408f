"""The server process, and the HTTP clients against a test server."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web

from bench.load import closed_loop, http_clients, request_log
from bench.load.http_clients import load_server
from bench.load.playback import ClientPlayback
from bench.load.server_process import ServerProcess, ServerProcessError, running_server
from bench.system import process_usage
from bench.voices.engine import EngineSettings
from bench.voices.voice import BenchmarkVoice
from tests.conftest import EMBEDDED

DEMO = BenchmarkVoice(EMBEDDED.parent, "demo")


def test_a_server_is_ready_in_the_block_and_terminated_after_it() -> None:
    with running_server(DEMO, EngineSettings()) as server:
        health = server.health()
        assert (health["status"], health["voices"]) == ("ready", 1)
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


def test_a_server_without_a_usable_voice_is_an_error_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    with (
        pytest.raises(ServerProcessError, match=r"voice\.yaml"),
        running_server(BenchmarkVoice(tmp_path, "broken"), EngineSettings()),
    ):
        pass


class Clock:
    """The time of the clients, in seconds, and whether one of them has received a chunk."""

    def __init__(self) -> None:
        self.now = 0.0
        self.received = threading.Event()

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (closed_loop, http_clients, request_log, process_usage):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setattr(closed_loop, "asyncio", SimpleNamespace(gather=asyncio.gather, sleep=clock.sleep))
    push = ClientPlayback.push

    def pushed(playback: ClientPlayback, seconds: float, at: float) -> None:
        push(playback, seconds, at)
        clock.received.set()

    monkeypatch.setattr(ClientPlayback, "push", pushed)
    return clock


class ScriptedServer:
    """Sends one second of silence, nothing for `pause` seconds after it was received, and one more second.

    Rejects the requests whose numbers are in `rejected`, fails those in `failing`, and cuts off the one in `cut`.
    """

    def __init__(
        self,
        clock: Clock,
        pause: float,
        rejected: tuple[int, ...] = (),
        failing: tuple[int, ...] = (),
        cut: int = -1,
    ) -> None:
        self.clock, self.pause, self.rejected, self.failing, self.cut = clock, pause, rejected, failing, cut
        self.requests = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        number, self.requests = self.requests, self.requests + 1
        if number in self.rejected:
            return web.json_response({"error": {}}, status=429, headers={"Retry-After": "1"})
        if number in self.failing:
            return web.json_response({"error": {"message": "no voice"}}, status=503)
        response = web.StreamResponse(headers={"Content-Type": "audio/pcm;rate=8000"})
        await response.prepare(request)
        await response.write(bytes(16000))
        assert await asyncio.to_thread(self.clock.received.wait, 60)
        self.clock.received.clear()
        self.clock.now += self.pause
        if number == self.cut:
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(bytes(16000))
        return response

    @contextmanager
    def running(self) -> Iterator[ServerProcess]:
        loop = asyncio.new_event_loop()
        app = web.Application()
        app.router.add_post("/v1/audio/speech", self.handle)
        runner = web.AppRunner(app)
        loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        loop.run_until_complete(site.start())
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield ServerProcess(f"http://127.0.0.1:{runner.addresses[0][1]}", os.getpid())
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def test_an_underrun_is_one_late_chunk(clock: Clock) -> None:
    with ScriptedServer(clock, pause=1.5).running() as server:
        load = load_server(server, 1, 0.1)
    assert (load.requests, load.chunks, load.late_chunks, load.interrupted, load.audio_seconds) == (1, 2, 1, 1, 2.0)
    assert load.underrun_seconds == load.longest_underrun == 0.5


def test_a_pause_shorter_than_the_buffer_is_not_late(clock: Clock) -> None:
    with ScriptedServer(clock, pause=0.75).running() as server:
        load = load_server(server, 1, 0.1)
    assert (load.chunks, load.late_chunks, load.underrun_seconds) == (2, 0, 0.0)


def test_a_rejected_client_retries_and_both_requests_are_counted(clock: Clock) -> None:
    with ScriptedServer(clock, pause=0, rejected=(0,)).running() as server:
        load = load_server(server, 1, 1.5)
    assert (load.rejected, load.failed, load.late_chunks) == (1, 0, 0)
    assert load.requests == 2


def test_an_error_status_and_a_cut_stream_are_failures_with_their_reason(clock: Clock) -> None:
    with ScriptedServer(clock, pause=0.125, failing=(0,), cut=1).running() as server:
        load = load_server(server, 1, 1.5)
    assert (load.failed, load.rejected, load.chunks) == (2, 0, 0)
    assert load.first_failure is not None
    assert "503" in load.first_failure
    assert "no voice" in load.first_failure


def test_each_client_sends_a_request_however_late_it_starts(clock: Clock) -> None:
    with ScriptedServer(clock, pause=0.125).running() as server:
        load = load_server(server, 4, 0.1)
    assert (load.requests, load.failed) == (4, 0)
