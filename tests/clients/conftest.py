"""Servers on real ports, for clients that run in this thread or in other processes."""

import asyncio
import gc
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from aiohttp import web
from websocket import WebSocketApp

from bench.load.free_port import free_port
from server.config import Config, ModelsSection, RuntimeSection, StorageSection
from server.http import create_app
from server.synthesis.registry import VoiceRegistry
from tests.clients.chromium import PROGRAM, Page, open_page
from tests.conftest import EMBEDDED
from tests.http.conftest import CountingSynthesizer, FakeRegistry, write_voice

TEXT = "今天天气很好，我们一起去公园散步。"


def requires(program: str) -> pytest.MarkDecorator:
    """Skips a test where the program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@contextmanager
def serve(registry: VoiceRegistry | FakeRegistry, config: Config, port: int | None = None) -> Iterator[str]:
    """Serves in a thread, on a free port if none is given. Yields the URL when the voices are loaded.

    What the server keeps is in a folder of the test, which the configuration names.
    """
    assert config.storage.path.is_absolute(), "the test would write into the folder of the project"
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()
    runner = web.AppRunner(create_app(registry, config), handler_cancellation=True, shutdown_timeout=1)

    async def start() -> str:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port or free_port())
        await site.start()
        return site.name

    try:
        url = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
        while httpx2.get(f"{url}/ready", timeout=60).status_code != 200:
            time.sleep(0.02)
        yield url
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Waits until a client has logged a text: its thread may read it after its caller had an error."""
    deadline = time.monotonic() + 60
    while text not in caplog.text:
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.02)


@pytest.fixture
def ending_websockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The threads of the dashscope package, which have its sockets, end with the test, not up to ten seconds later."""
    create = WebSocketApp.create_dispatcher
    monkeypatch.setattr(
        WebSocketApp, "create_dispatcher", lambda app, timeout, *options: create(app, timeout or 0.1, *options)
    )
    yield
    for thread in threading.enumerate():
        if "run_forever" in thread.name:
            thread.join(60)
    gc.collect()


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the embedded voices."""
    config = Config(
        models=ModelsSection(path=EMBEDDED.parent),
        runtime=RuntimeSection(providers=("cpu",), threads=1),
        storage=StorageSection(path=tmp_path_factory.mktemp("data")),
    )
    with serve(VoiceRegistry(config), config) as url:
        yield url


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """A page of headless Chromium."""
    if PROGRAM is None:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium")
    async with open_page(tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def counting(tmp_path: Path) -> CountingSynthesizer:
    """The voice of `counting_url`: a second of audio for each character, when the test permits it."""
    voice = CountingSynthesizer(write_voice(tmp_path / "demo", "demo"))
    voice.samples_per_chunk = 16000
    return voice


@pytest.fixture
def counting_url(counting: CountingSynthesizer, tmp_path: Path) -> Iterator[str]:
    """A server with one voice, whose progress the test controls, for one stream at a time."""
    config = Config.model_validate(
        {"scheduler": {"workers": 1, "max_streams": 1}, "storage": {"path": tmp_path / "data"}}
    )
    with serve(FakeRegistry({"demo": counting}), config) as url:
        try:
            yield url
        finally:
            if counting.permits:
                counting.permits.release(1000)
