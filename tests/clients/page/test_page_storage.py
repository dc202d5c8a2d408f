"""What the browser keeps: nothing where the user blocks it, and the same in two tabs."""

import json
from pathlib import Path

import pytest

from tests.clients import firefox
from tests.clients.chromium import PROGRAM, open_page
from tests.clients.page.conftest import READY, Open
from tests.http.conftest import CountingSynthesizer

STATUS = "document.querySelector('#play').dataset.status"
NOTICE = "document.querySelector('#keeping').textContent"
SPOKEN = "[...document.querySelectorAll('.spoken-text')].map((one) => one.textContent)"

BLOCKED = {"profile": {"default_content_setting_values": {"cookies": 2}}}
"""Chromium's setting `never allow sites to keep data`: the name `localStorage` throws."""


async def test_the_page_works_where_chromium_blocks_its_storage(
    tmp_path: Path, counting_url: str, counting: CountingSynthesizer
) -> None:
    if PROGRAM is None:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium")
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(json.dumps(BLOCKED))
    counting.samples_per_chunk = 160
    async with open_page(tmp_path / "profile") as page:
        await page.prefer(language="zh-CN")
        await page.open(counting_url)
        await page.wait(READY)
        blocked = "(() => { try { return localStorage === null; } catch { return true; } })()"
        assert await page.evaluate(blocked)
        assert "不让本站保存数据" in await page.evaluate(NOTICE)
        await page.write("#text", "好")
        await page.click("#play")
        await page.wait(f"{STATUS} === 'ended'")
        await page.evaluate("location.hash = 'work'")
        await page.wait("document.querySelector('.spoken li')")  # until the page is closed
        assert await page.evaluate(SPOKEN) == ["好"]
        assert page.problems == []


@pytest.mark.skipif(firefox.PROGRAM is None, reason="not installed; on Debian: apt-get install firefox-esr")
async def test_the_page_works_where_firefox_blocks_its_storage(tmp_path: Path, counting_url: str) -> None:
    async with firefox.open_page(tmp_path / "firefox", {"network.cookie.cookieBehavior": 2}, has_sound=False) as page:
        await page.open(counting_url)
        await page.wait(READY)
        assert "不让本站保存数据" in await page.evaluate(NOTICE)


async def test_two_tabs_have_one_history_and_one_lexicon(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    counting.samples_per_chunk = 160
    await open_at(counting_url)
    await page.evaluate("location.hash = 'work'")
    await page.wait("document.querySelector('.spoken-list')")
    async with page.other_tab() as other:
        await other.prefer(language="zh-CN")
        await other.open(counting_url)
        await other.wait(READY)
        await other.write("#text", "另一页")
        await other.click("#play")
        await other.wait(f"{STATUS} === 'ended'")
        await page.wait(f"{SPOKEN}.length === 1")

        await page.evaluate("location.hash = 'speak'")
        await page.write("#text", "这一页")
        await page.call("Page.bringToFront")
        await page.click("#play")
        await page.wait(f"{STATUS} === 'ended'")
        await other.evaluate("location.hash = 'work'")
        await other.wait(f"{SPOKEN}.length === 2")
        assert await other.evaluate(SPOKEN) == await page.evaluate(SPOKEN) == ["这一页", "另一页"]

        await other.evaluate("localStorage.setItem('sambert-lexicon', JSON.stringify({行: 'xing2'}))")
        await page.click("#mode-reading")
        await page.wait("document.querySelector('#lexicon [data-word=行]')")
        await other.click(".spoken li:last-child .quiet")
        await page.wait(f"{SPOKEN}.length === 1")
        await page.evaluate("location.hash = 'work'; document.querySelector('.spoken-list .confirm').click()")
        await page.click(".spoken-list .confirm")
        await other.wait(f"{SPOKEN}.length === 0")


async def test_a_tab_keeps_what_it_has_changed_and_nothing_else(page, open_at: Open, counting_url: str) -> None:
    """A tab that is closed with an old text leaves the newer one of another tab."""
    await open_at(counting_url)
    await page.write("#text", "旧")
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 600))")  # until it is kept
    async with page.other_tab() as other:
        await other.open(counting_url)
        await other.wait(READY)
        assert await other.evaluate("document.querySelector('#text').value") == "旧"
        await other.write("#text", "新")
        await other.open("about:blank")
        await page.click("#theme")
        await page.open("about:blank")
        await page.open(f"{counting_url}/?again")
        await page.wait(READY)
        assert await page.evaluate("document.querySelector('#text').value") == "新"
        assert await page.evaluate("document.documentElement.dataset.theme") == "light"


async def test_a_language_that_nobody_chose_is_the_browsers_next_time(page, open_at: Open, counting_url: str) -> None:
    await open_at(counting_url, language="zh-CN")
    await page.write("#text", "好")
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 600))")  # until it is kept
    await open_at(f"{counting_url}/?again", language="en-US")
    assert await page.evaluate("document.querySelector('#play').textContent") == "Play"
    assert await page.evaluate("document.querySelector('#text').value") == "好"
