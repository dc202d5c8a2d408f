"""The page for operators: state and voices with and without the right to manage them, and a conversion."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from server.config import Config, StorageSection
from server.synthesis.registry import VoiceRegistry
from tests.clients.conftest import serve
from tests.clients.page.conftest import Open
from tests.conftest import GOLDEN
from tests.http.conftest import CountingSynthesizer, FakeRegistry
from tests.keys import make_key
from tests.synthesis.voice_copies import copy_voice

PACKAGE = "noncausal_16k"
MAY = "document.querySelector('.no-right')?.hidden"
VOICES = "[...document.querySelectorAll('[data-voice]')].map((one) => one.dataset.voice).join()"


def text_of(selector: str) -> str:
    return f"document.querySelector({selector!r})?.textContent"


async def enter_key(page, secret: str) -> None:
    await page.wait("document.querySelector('#key')")
    await page.write("#key", secret)
    await page.press("Enter")
    await page.wait("document.querySelector('.notice').hidden")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("anna", "bert"):
        copy_voice(folder, name)
    shutil.copytree(GOLDEN / PACKAGE, tmp_path / "packages" / PACKAGE)
    return folder


@pytest.fixture
def keys() -> dict[str, tuple[str, dict]]:
    return {"boss": make_key("boss", rights=["admin", "speech"]), "guest": make_key("guest")}


@pytest.fixture
def url(models: Path, tmp_path: Path, keys: dict[str, tuple[str, dict]]) -> Iterator[str]:
    """A server with two voices and the two keys."""
    config = Config.model_validate(
        {
            "models": {"path": models, "import_from": tmp_path / "packages"},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "scheduler": {"workers": 1},
            "storage": {"path": tmp_path / "data"},
            "access": {"keys": [entry for _, entry in keys.values()]},
        }
    )
    with serve(VoiceRegistry(config), config) as url:
        yield url


async def test_everyone_sees_the_state_and_the_reasons(
    page, open_at: Open, counting: CountingSynthesizer, tmp_path: Path
) -> None:
    config = Config(storage=StorageSection(path=tmp_path / "data"))
    counting.permits = threading.Semaphore(0)
    with serve(FakeRegistry({"demo": counting}), config) as url:
        httpx2.post(f"{url}/v1/audio/jobs", json={"lines": ["你好。"]}, timeout=60)
        async with asyncio.timeout(60):
            while httpx2.get(f"{url}/v1/audio/jobs", timeout=60).json()["data"][0]["state"] != "running":
                await asyncio.sleep(0.05)
        await open_at(url)
        await page.evaluate("location.hash = 'server'")
        assert await page.wait(text_of("#server-state")) == "正常"
        assert "libcudart.so.13 is missing" in await page.evaluate(text_of("#fallback"))
        assert "damaged" in await page.evaluate(text_of("[data-voice=cracked] .error"))
        assert "int8" in await page.evaluate(text_of("[data-voice=demo]"))
        assert await page.evaluate(f"{MAY} === false && document.querySelector('.conversion-form').hidden")
        assert "批量任务1 个进行中，0 个排队" in await page.wait(text_of(".facts"))
        counting.permits.release(1000)
        await page.click("#another-key")
        await page.click("#key-cancel")
        await page.wait("document.querySelector('.notice').hidden")
    await page.wait("!document.querySelector('.notice').hidden")
    assert await page.wait(text_of("#server-problem"))


async def test_a_key_without_the_right_sees_and_one_with_it_manages(
    page, url: str, models: Path, keys: dict[str, tuple[str, dict]]
) -> None:
    await page.prefer(language="zh-CN")
    await page.open(f"{url}/#server")
    await enter_key(page, keys["guest"][0])
    await page.wait(f"{VOICES} === 'anna,bert'")
    assert await page.wait(f"{MAY} === false")
    assert await page.evaluate("document.querySelector('[data-voice] .confirm')") is None

    await page.click("#another-key")
    await enter_key(page, keys["boss"][0])
    await page.wait(f"{MAY} === true")
    assert "MiB" in await page.evaluate(text_of("[data-voice=bert]"))
    assert await page.evaluate("document.querySelector('[data-voice=anna] .confirm')") is None  # the default voice
    await page.click("[data-voice=bert] .confirm")
    await page.click("[data-voice=bert] .confirm")
    await page.wait(f"{VOICES} === 'anna'")
    assert not (models / "bert").exists()

    copy_voice(models, "carl")
    await page.click("#voices-reload")
    assert "新增 carl" in await page.wait(text_of("#voices-message"))
    await page.wait(f"{VOICES} === 'anna,carl'")


async def test_a_package_is_converted_with_its_steps(page, url: str, keys: dict[str, tuple[str, dict]]) -> None:
    await page.prefer(language="en-US")
    await page.open(f"{url}/#server")
    await enter_key(page, keys["boss"][0])
    await page.wait(f"{MAY} === true")
    await page.write("#conversion-source", "../somewhere")
    await page.click("#convert")
    assert "models.import_from" in await page.wait(text_of("#server-problem"))
    await page.evaluate("""
      window.steps = new Set();
      new MutationObserver(() => steps.add(document.querySelector(".conversions .muted")?.textContent))
        .observe(document.querySelector(".conversions"), {childList: true, subtree: true});
    """)
    await page.write("#conversion-source", PACKAGE)
    await page.click("#convert")
    await page.wait("document.querySelector('.conversions .job')?.dataset.state === 'done'")
    steps = await page.evaluate("[...steps].filter(Boolean)")
    assert len(steps) > 1
    assert await page.wait(f"{VOICES}.split(',').length === 3")
