"""The page works: jobs from many lines and files, what was spoken, and links to it."""

import asyncio
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from server.config import Config
from tests.clients.conftest import serve
from tests.clients.page.conftest import Open
from tests.http.conftest import CountingSynthesizer, FakeRegistry
from tests.keys import bearer, make_key

LINES = [f"第{number}句。" for number in range(1, 21)]
STATE = "document.querySelector('.job')?.dataset.state"
DONE = f"{STATE} === 'done'"
PROGRESS = "document.querySelector('.job progress')?.value"


@contextmanager
def working(folder: Path, voice: CountingSynthesizer, port: int | None = None, **sections: object) -> Iterator[str]:
    """A server with one voice that keeps its jobs in a folder. It computes one part at a time."""
    config = Config.model_validate(
        {"storage": {"path": str(folder / "data")}, "jobs": {"concurrency": 1}, "scheduler": {"workers": 1}, **sections}
    )
    with serve(FakeRegistry({"demo": voice}), config, port) as url:
        try:
            yield url
        finally:
            if voice.permits:
                voice.permits.release(10_000)


@pytest.fixture
def voice(counting: CountingSynthesizer) -> CountingSynthesizer:
    counting.samples_per_chunk = 160
    return counting


async def open_work(page, open_at: Open, url: str) -> None:
    await open_at(url)
    await page.evaluate("location.hash = 'work'")
    await page.wait("document.querySelector('.job-list .muted')?.textContent === '还没有任务。'")


async def saved(page, folder: Path, name: str) -> bytes:
    """A file that the browser has saved."""
    async with asyncio.timeout(60):
        while not (folder / name).exists():
            await asyncio.sleep(0.05)
    return (folder / name).read_bytes()


async def test_twenty_lines_become_a_zip_and_a_reload_loses_nothing(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    voice.permits = threading.Semaphore(0)
    with working(tmp_path, voice) as url:
        await open_work(page, open_at, url)
        await page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        await page.write("#job-text", "\n".join(LINES))
        assert "20 行" in await page.evaluate("document.querySelector('.job-source').textContent")
        assert await page.evaluate(
            "[...document.querySelectorAll('#job-kind, #job-output')].map((one) => one.value)"
        ) == [
            "lines",
            "zip",
        ]
        await page.write("#job-name", "二十句")
        await page.click("#job-submit")
        await page.wait(f"{STATE} === 'running' || {STATE} === 'queued'")
        assert await page.evaluate("document.querySelector('#job-text').value") == ""
        voice.permits.release(40)
        before = await page.wait(PROGRESS)
        assert 0 < before < 1
        await page.open(url + "/?again#work")  # as a reload
        assert await page.wait(PROGRESS) >= before
        assert "二十句" in await page.evaluate("document.querySelector('.job').textContent")
        voice.permits.release(1000)
        await page.wait(DONE)
        assert len(voice.requests) == 20
        await page.click(".job-download")
        content = await saved(page, tmp_path, "二十句.zip")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert len([name for name in archive.namelist() if name.endswith(".mp3")]) == 20
        await page.click(".job .confirm")  # asks
        await page.click(".job .confirm")
        await page.wait("!document.querySelector('.job')")
        assert httpx2.get(f"{url}/v1/audio/jobs", timeout=60).json()["data"] == []


async def test_a_job_is_cancelled_when_the_user_is_sure(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    voice.permits = threading.Semaphore(1)
    with working(tmp_path, voice) as url:
        await open_work(page, open_at, url)
        await page.write("#job-text", "\n".join(LINES))
        await page.click("#job-submit")
        await page.wait(f"{STATE} === 'running'")
        await page.click(".job .confirm")
        assert await page.evaluate("document.querySelector('.job .confirm').textContent") == "确定取消？"
        await page.press("Tab")  # leaves the button: nothing happens
        assert await page.evaluate("document.querySelector('.job .confirm').textContent") == "取消任务"
        await page.click(".job .confirm")
        await page.click(".job .confirm")
        async with asyncio.timeout(60):
            while httpx2.get(f"{url}/v1/audio/jobs", timeout=60).json()["data"][0]["state"] != "cancelled":
                await asyncio.sleep(0.05)
        voice.permits.release(1000)
        await page.wait(f"{STATE} === 'cancelled'")
        assert len(voice.requests) < 20


async def test_a_file_of_subtitles_is_uploaded_and_joined(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    subtitles = tmp_path / "电影.srt"
    subtitles.write_text("1\n00:00:01,000 --> 00:00:02,000\n你好。\n\n2\n00:00:03,000 --> 00:00:04,000\n再见。\n")
    with working(tmp_path, voice) as url:
        await open_work(page, open_at, url)
        await page.upload("#job-file", subtitles)
        assert "电影.srt" in await page.wait("document.querySelector('.chosen-file').textContent")
        assert await page.evaluate("document.querySelector('#job-kind').value") == "srt"
        await page.click("#job-submit")
        await page.wait(DONE)
        (job,) = httpx2.get(f"{url}/v1/audio/jobs", timeout=60).json()["data"]
        assert job["result"]["seconds"] > 3
    assert [text for text, *_ in voice.requests] == ["你好。", "再见。"]


async def test_warnings_about_subtitles_are_in_chinese(
    page, open_at: Open, tmp_path: Path, counting: CountingSynthesizer
) -> None:
    """Cues that are in the wrong order, overlap, are spoken faster, begin late and end late, and one without words."""
    cues = (("00:02", "00:03", "你好你好。"), ("00:00", "00:02", "今天天气很好。"), ("00:01", "00:04", "。。"))
    times = "\n\n".join(
        f"{number}\n00:{begin},000 --> 00:{end},500\n{text}" for number, (begin, end, text) in enumerate(cues, 1)
    )
    with working(tmp_path, counting) as url:
        await open_work(page, open_at, url)
        await page.write("#job-text", times)
        await page.write("#job-name", "字幕")
        await page.click("#job-submit")
        await page.wait(DONE)
        (job,) = httpx2.get(f"{url}/v1/audio/jobs", timeout=60).json()["data"]
        shown = await page.evaluate("[...document.querySelectorAll('.job details li')].map((one) => one.textContent)")
    assert len(shown) == len(job["result"]["warnings"])
    told = " ".join(shown)
    for words in ("比前一条早", "还没结束", "晚开始", "晚结束", "读快到", "没有能读出来的内容"):
        assert words in told, shown
    assert not re.search("[a-z]", told), shown


async def test_what_the_server_refuses_is_shown_in_the_language_of_the_page_and_kept(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    with working(tmp_path, voice) as url:
        await open_work(page, open_at, url)
        await page.write("#job-text", "<speak>你好<pause/></speak>")
        await page.click("#job-submit")
        shown = await page.wait("document.querySelector('#job-refused > p')?.textContent")
        answer = httpx2.post(
            f"{url}/v1/audio/jobs", json={"input": "<speak>你好<pause/></speak>", "kind": "ssml"}, timeout=60
        )
        assert shown == "SSML 写得不对：第 1 行第 10 个字符。"
        await page.click("#job-refused summary")
        original = "document.querySelector('#job-refused [lang=en]').textContent"
        assert await page.evaluate(original) == answer.json()["error"]["message"]
        assert "<pause/>" in await page.evaluate("document.querySelector('#job-text').value")


async def test_a_job_goes_on_when_the_server_is_lost_and_comes_back(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    voice.permits = threading.Semaphore(10)
    with working(tmp_path, voice) as url:
        await open_work(page, open_at, url)
        await page.write("#job-text", "\n".join(LINES))
        await page.click("#job-submit")
        await page.wait(PROGRESS)
    await page.wait("!document.querySelector('.notice').hidden")
    assert "正在重试" in await page.evaluate("document.querySelector('.notice').textContent")
    assert await page.evaluate("document.querySelectorAll('.job').length") == 1
    with working(tmp_path, voice, port=httpx2.URL(url).port):
        await page.wait(DONE)
        assert await page.evaluate("document.querySelector('.notice').hidden")


async def test_with_keys_the_page_asks_for_one_and_shows_the_jobs_of_that_key(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    (mine, entry), (other, another) = make_key("mine"), make_key("other")
    with working(tmp_path, voice, access={"keys": [entry, another]}) as url:
        httpx2.post(f"{url}/v1/audio/jobs", json={"lines": ["别人的。"]}, headers=bearer(other), timeout=60)
        await page.prefer(language="zh-CN")
        await page.open(f"{url}/#work")
        await page.wait("document.querySelector('#key')")
        await page.write("#key", mine)
        await page.press("Enter")
        await page.wait("document.querySelector('.job-list .muted')?.textContent === '还没有任务。'")
        await page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        await page.write("#job-text", "你好。")
        await page.write("#job-name", "我的")
        await page.click("#job-submit")
        await page.wait(DONE)
        await page.click(".job-download")
        assert await saved(page, tmp_path, "我的.mp3")
        assert await page.evaluate("document.querySelectorAll('.job').length") == 1


async def test_what_was_spoken_is_kept_played_again_and_shared(
    page, open_at: Open, tmp_path: Path, voice: CountingSynthesizer
) -> None:
    with working(tmp_path, voice, cache={"memory_mb": 0}) as url:
        await open_at(url)
        await page.write("#text", "分享 & 这句？")
        await page.click("label[for='speaker-M7']")
        await page.evaluate("document.querySelector('#control-pitch').focus()")
        await page.press("ArrowRight")
        await page.press("Enter", control=True)
        await page.wait("document.querySelector('#play').dataset.status === 'ended'")
        await page.evaluate("document.querySelector('.reset-all').click()")
        await page.write("#text", "别的")
        await page.evaluate("new Promise((resolve) => setTimeout(resolve, 600))")  # until it is kept
        await page.open(f"{url}/?again#work")
        await page.wait("document.querySelector('.spoken li')")
        assert "M7 · " in await page.evaluate("document.querySelector('.spoken li').textContent")
        await page.click(".spoken .replay")
        await page.wait("document.querySelector('#play')?.dataset.status === 'ended'")
        assert voice.requests[-1][0] == voice.requests[0][0] == "分享 & 这句？"
        assert voice.requests[-1][1:] == voice.requests[0][1:]

        await page.evaluate("location.hash = 'work'")
        await page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
        await page.click(".spoken .share")
        link = await page.wait("document.querySelector('.spoken input')?.value")
        assert link.startswith(f"{url}/?again#speak?")
        assert "链接里有文字、设置，" in await page.evaluate("document.querySelector('.share-status').textContent")
        await page.evaluate("location.hash = 'speak'; document.querySelector('.reset-all').click()")
        await page.write("#text", "不是这句")
        await page.open("about:blank")
        await page.open(link)
        await page.wait("document.querySelector('#play') && !document.querySelector('#play').disabled")
        assert await page.evaluate("document.querySelector('#text').value") == "分享 & 这句？"
        assert await page.evaluate("location.hash") == "#speak"
        assert await page.evaluate("document.querySelector('#speaker-M7').checked")
        assert json.loads(await page.evaluate("document.querySelector('#control-pitch').value")) == 0.5
