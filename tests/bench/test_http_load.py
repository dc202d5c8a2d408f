"""The server that is measured: a real one, which is gone afterwards; and how its refusals are counted."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bench.load.http import http_load
from bench.load.service import Service, ServiceError, service
from bench.voices.voices import Engine, Subject
from tests.conftest import EMBEDDED

DEMO = Subject(EMBEDDED.parent, "demo")


def test_a_server_is_ready_inside_the_block_and_gone_after_it() -> None:
    with service(DEMO, Engine()) as there:
        health = there.health()
        assert (health["status"], health["voices"]) == ("ready", 1)
    with pytest.raises(ProcessLookupError):
        os.kill(there.pid, 0)


def test_a_server_that_cannot_speak_is_an_error_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    with pytest.raises(ServiceError, match=r"voice\.yaml"), service(Subject(tmp_path, "broken"), Engine()):
        pass


class Stage:
    """A server that sends one second of silence, nothing for `pause` seconds, and one more second.

    It refuses the requests whose numbers are in `refused`, fails those in `failing`, and cuts off those in `cut`.
    """

    def __init__(
        self, pause: float, refused: tuple[int, ...] = (), failing: tuple[int, ...] = (), cut: int = -1
    ) -> None:
        self.pause, self.refused, self.failing, self.cut = pause, refused, failing, cut
        self.asked = 0

    async def speak(self, request: web.Request) -> web.StreamResponse:
        number, self.asked = self.asked, self.asked + 1
        if number in self.refused:
            return web.json_response({"error": {}}, status=429, headers={"Retry-After": "1"})
        if number in self.failing:
            return web.json_response({"error": {"message": "no voice"}}, status=503)
        answer = web.StreamResponse(headers={"Content-Type": "audio/pcm;rate=8000"})
        await answer.prepare(request)
        await answer.write(bytes(16000))
        await asyncio.sleep(self.pause)
        if number == self.cut:
            assert request.transport is not None
            request.transport.close()
            return answer
        await answer.write(bytes(16000))
        return answer

    @contextmanager
    def served(self) -> Iterator[Service]:
        loop = asyncio.new_event_loop()
        app = web.Application()
        app.router.add_post("/v1/audio/speech", self.speak)
        runner = web.AppRunner(app)
        loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        loop.run_until_complete(site.start())
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield Service(f"http://127.0.0.1:{runner.addresses[0][1]}", os.getpid())
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def test_a_gap_in_a_stream_is_one_late_chunk() -> None:
    with Stage(pause=1.5).served() as there:
        load = http_load(there, 1, 0.1)
    assert (load.requests, load.chunks, load.late, load.interrupted, load.sound) == (1, 2, 1, 1, 2.0)
    assert load.silence == load.longest_gap > 0.2


def test_a_pause_that_the_sound_bridges_is_not_late() -> None:
    with Stage(pause=0.1).served() as there:
        load = http_load(there, 1, 0.1)
    assert (load.chunks, load.late, load.silence) == (2, 0, 0.0)


def test_a_refused_listener_comes_again_and_both_are_counted() -> None:
    with Stage(pause=0, refused=(0,)).served() as there:
        load = http_load(there, 1, 1.5)
    assert (load.refused, load.failed, load.late) == (1, 0, 0)
    assert load.requests == 2


def test_an_error_and_a_cut_stream_are_failures_with_their_reason() -> None:
    with Stage(pause=0.1, failing=(0,), cut=1).served() as there:
        load = http_load(there, 1, 1.5)
    assert (load.failed, load.refused, load.chunks) == (2, 0, 0)
    assert load.failure is not None
    assert "503" in load.failure
    assert "no voice" in load.failure
