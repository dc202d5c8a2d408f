"""The main path of the page in Firefox: write, play to the end, stop."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.firefox import PROGRAM, SOUND, FirefoxPage, open_page
from tests.clients.page.conftest import READY

pytestmark = pytest.mark.skipif(
    PROGRAM is None or SOUND is None, reason="not installed; on Debian: apt-get install firefox-esr pulseaudio"
)

STATUS = "document.querySelector('#play').dataset.status"


@pytest.fixture
async def firefox(tmp_path: Path) -> AsyncIterator[FirefoxPage]:
    async with open_page(tmp_path / "firefox") as opened:
        yield opened


async def test_a_text_is_played_marked_and_stopped(firefox: FirefoxPage, server_url: str) -> None:
    await firefox.open(server_url)
    await firefox.wait(READY)
    assert await firefox.evaluate("document.querySelector('#play').textContent") == "播放"
    await firefox.click("#text")
    await firefox.evaluate("""(() => {
      const field = document.querySelector("#text");
      field.value = "今天天气很好。";
      field.dispatchEvent(new Event("input"));
      window.marked = "";
      window.longest = 0;  // milliseconds between two frames: a browser that is busy marks less
      (function draw(before) {
        requestAnimationFrame((now) => { longest = Math.max(longest, now - before); draw(now); });
      })(performance.now());
      new MutationObserver(() => { marked += document.querySelector(".editor-copy mark")?.textContent ?? ""; })
        .observe(document.querySelector(".editor-copy"), {childList: true});
    })()""")
    await firefox.click("#play")
    await firefox.wait(f"{STATUS} === 'ended'")
    marked = await firefox.evaluate("marked")
    if await firefox.evaluate("longest < 100"):
        assert marked == "今天天气很好"
    characters = iter("今天天气很好")
    assert marked
    assert all(mark in characters for mark in marked)  # in order
    await firefox.evaluate("""(() => {
      const field = document.querySelector("#text");
      field.value = "今天天气很好。".repeat(20);
      field.dispatchEvent(new Event("input"));
    })()""")
    await firefox.click("#play")
    await firefox.wait(f"{STATUS} === 'playing'")
    await firefox.click("#stop")
    assert await firefox.evaluate(STATUS) == "idle"


async def test_the_menu_of_a_character_fits(firefox: FirefoxPage, server_url: str) -> None:
    await firefox.open(server_url)
    await firefox.wait(READY)
    await firefox.click("#mode-reading")
    await firefox.wait("document.querySelector('.cell') !== null")
    await firefox.click(".cell")
    assert await firefox.evaluate("""(() => {
      const menu = document.querySelector("#reading-menu:popover-open");
      const {right} = menu.getBoundingClientRect();
      const controls = [...menu.querySelectorAll("button, input, select")];
      return controls.every((one) => one.getBoundingClientRect().right < right);
    })()""")


async def test_without_a_loudspeaker_the_page_says_why_nothing_is_heard(tmp_path: Path, counting_url: str) -> None:
    async with open_page(tmp_path / "firefox", has_sound=False) as page:
        await page.open(counting_url)
        await page.wait(READY)
        await page.click("#play")
        assert "没有可用的音频输出" in await page.wait("document.querySelector('#sound').textContent")
        await page.click("#stop")
        await page.evaluate("document.querySelector('.sample').click()")
        await page.wait("document.querySelector('.sample .icon-stop')")
        await page.wait("!document.querySelector('.sample .icon-stop')")
