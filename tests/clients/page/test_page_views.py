"""The page as a whole: languages, themes, keyboard, widths, accessibility, weight, and a server that goes away."""

from pathlib import Path

import httpx2
import pytest

from server.config import Config, StorageSection
from tests.clients.conftest import serve
from tests.clients.page.axe import load_axe, requires_axe, serious_violations
from tests.clients.page.conftest import READY, Open
from tests.http.conftest import CountingSynthesizer, FakeRegistry, write_voice

LOOKS = [("zh-CN", "light"), ("zh-CN", "dark"), ("en-US", "light"), ("en-US", "dark")]

OPENED = """
document.querySelector("#compare")?.click();
document.querySelectorAll("details").forEach((each) => { each.open = true; });
"""
"""Shows what is hidden at first."""

FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"

NOTE_READY = """
new MutationObserver(() => {
  if (!window.ready && document.querySelector("#play:enabled")) window.ready = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
"""When the button that plays can be pressed, in milliseconds since the page was asked for."""

NAMED = """({id, tagName, textContent, ariaLabel, href, name}) =>
  id || ariaLabel || href || `${tagName} ${name} ${textContent}`"""

CONTROLS = f"""
[...document.querySelectorAll("button, a, input, select, textarea, summary, [tabindex='0']")]
  .filter((each) => each.checkVisibility() && !each.disabled && (each.type !== "radio" || each.checked)).map({NAMED})
"""


@requires_axe
@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_axe_finds_nothing_serious(page, open_at: Open, server_url: str, language: str, theme: str) -> None:
    await page.call("Page.enable")
    await page.call("Page.setBypassCSP", enabled=True)  # axe compiles functions
    await open_at(server_url, language=language, theme=theme)
    await load_axe(page)
    for view in ("speak", "work", "server"):
        await page.evaluate(f"location.hash = '{view}'")
        await page.wait(f"document.querySelector('[data-view={view}]:not([aria-busy])')")
        await page.evaluate(OPENED)
        await page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")  # until colors have changed
        assert await serious_violations(page) == [], view


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
async def test_the_page_fits_a_phone_and_a_wide_window(page, open_at: Open, server_url: str, language: str) -> None:
    await open_at(server_url, language=language)
    await page.evaluate(OPENED)
    for view in ("speak", "work", "server"):
        await page.evaluate(f"location.hash = '{view}'")
        for width in (320, 390, 768, 1280, 1920):
            await page.resize(width, 844)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (view, width)


async def test_every_control_is_reached_with_the_keyboard(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    wanted = set(await page.evaluate(CONTROLS))
    reached = set()
    for _ in range(len(wanted) + 5):
        await page.press("Tab")
        reached.add(await page.evaluate(f"({NAMED})(document.activeElement)"))
    assert wanted - reached == set()


async def test_the_page_is_light_asks_no_other_host_and_breaks_no_policy(page, open_at: Open, server_url: str) -> None:
    await page.call("Page.enable")
    await page.call("Page.addScriptToEvaluateOnNewDocument", source=NOTE_READY)
    await open_at(server_url)
    ready = await page.wait("window.ready")
    await page.write("#text", "好")
    await page.click("#play")
    await page.wait("document.querySelector('#play').dataset.status === 'ended'")
    entries = await page.evaluate(
        "performance.getEntries().filter(({transferSize}) => transferSize !== undefined)"
        ".map(({name, transferSize}) => [name, transferSize])"
    )
    assert all(name.startswith(server_url) for name, _ in entries)
    own = [size for name, size in entries if name.endswith((".js", ".css", "/"))]
    assert len(own) > 20
    print(f"{sum(own)} bytes; first paint after {await page.evaluate(FIRST_PAINT):.0f} ms, ready after {ready:.0f} ms")
    assert sum(own) < 200_000
    assert page.problems == []


async def test_the_language_is_the_browsers_and_changes_while_it_plays(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    await open_at(counting_url, language="en-US")
    assert await page.evaluate("document.querySelector('#play').textContent") == "Play"
    await page.write("#text", "字" * 10)
    await page.click("#play")
    await page.wait("document.querySelector('#play').textContent === 'Pause'")
    await page.click("#language")
    await page.wait("document.querySelector('#play')?.textContent === '暂停'")
    assert await page.evaluate("[document.activeElement.id, document.documentElement.lang]") == ["language", "zh-CN"]
    await page.wait("document.querySelector('#play').textContent === '再听一遍'")
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 600))")  # until it is kept
    await open_at(counting_url, language="en-US")
    assert await page.evaluate("document.querySelector('#play').textContent") == "播放"  # what one has chosen counts
    assert await page.evaluate("document.querySelector('#text').value") == "字" * 10
    assert len(counting.requests) == 1


async def test_the_theme_is_the_systems_until_another_one_is_chosen(page, open_at: Open, counting_url: str) -> None:
    await open_at(counting_url, theme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = await page.evaluate(background)
    await page.click("#theme")
    assert await page.evaluate(background) != dark
    await page.click("#theme")
    assert await page.evaluate(background) == dark


async def test_a_server_that_goes_away_and_comes_back(
    page, open_at: Open, counting: CountingSynthesizer, tmp_path: Path
) -> None:
    config = Config(storage=StorageSection(path=tmp_path / "data"))
    with serve(FakeRegistry({"demo": counting}), config) as url:
        await open_at(url)
        await page.write("#text", "还在")
    await page.click("#play")
    assert "连接不上服务器" in await page.wait("document.querySelector('#error').textContent")
    assert "正在重试" in await page.wait("document.querySelector('.notice').textContent")
    with serve(FakeRegistry({"demo": counting}), config, port=httpx2.URL(url).port):
        await page.wait("document.querySelector('.notice').hidden")
        assert await page.evaluate("document.querySelector('#text').value") == "还在"
        await page.click("#play")
        await page.wait("document.querySelector('#play').dataset.status === 'ended'")
        assert await page.evaluate("document.querySelector('#error').hidden")


async def test_another_voice_brings_its_speakers_and_emotions(page, open_at: Open, tmp_path: Path) -> None:
    voices = {name: CountingSynthesizer(write_voice(tmp_path / name, name)) for name in ("demo", "second")}
    with serve(FakeRegistry(voices), Config(storage=StorageSection(path=tmp_path / "data"))) as url:
        await open_at(url)
        await page.click("label[for='voice-second']")
        await page.write("#text", "好")
        await page.press("Enter", control=True)
        await page.wait("document.querySelector('#play').dataset.status === 'ended'")
        assert "不可用" in await page.evaluate("document.querySelector('.voice-panel').textContent")
    assert (len(voices["demo"].requests), len(voices["second"].requests)) == (0, 1)


async def test_a_page_that_cannot_be_reached_is_loaded_again(page, open_at: Open, counting_url: str) -> None:
    await open_at(counting_url)
    assert await page.evaluate(READY)
    block = {"urls": ["*work_view.js"]}
    await page.call("Network.enable")
    await page.call("Network.setBlockedURLs", **block)
    await page.evaluate("location.hash = 'work'")
    await page.wait("document.querySelector('[data-view=work] [role=alert]')")
    await page.call("Network.setBlockedURLs", urls=[])
    await page.evaluate("document.querySelector('[data-view=work] button').click()")
    await page.wait("document.querySelector('[data-view=work] h1')")
