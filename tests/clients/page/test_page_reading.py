"""The text as the server reads it, in Chromium: readings, pauses and styles become SSML, and other units are spoken."""

import json
from typing import Any

import httpx2
import pytest

from tests.clients.chromium import Page
from tests.clients.page.axe import load_axe, requires_axe, serious_violations
from tests.clients.page.conftest import Open
from tests.http.conftest import CountingSynthesizer

TEXT = "重庆今天25℃😀，走了。\n老虎长得很快。"
SOURCE = "document.querySelector('#text').value"
CELLS = "document.querySelectorAll('.block[data-state=read] .cell').length"
OPEN = "document.querySelector('#reading-menu:popover-open') !== null"
PLAYED = "document.querySelector('#play').dataset.status === 'ended'"


async def show(page: Page, text: str, cells: int) -> None:
    """Writes a text and shows how it is read."""
    await page.write("#text", text)
    await page.click("#mode-reading")
    await page.wait(f"{CELLS} === {cells}")


async def read(page: Page) -> list[str]:
    """What stands above each cell."""
    return await page.evaluate("[...document.querySelectorAll('.cell rt')].map((above) => above.textContent)")


async def click_cell(page: Page, number: int) -> None:
    await page.evaluate(
        "document.querySelectorAll('.target').forEach((each) => each.classList.remove('target'));"
        f"document.querySelectorAll('.cell')[{number}].classList.add('target')"
    )
    await page.click(".cell.target")
    await page.wait(OPEN)


async def choose(page: Page, selector: str, value: str) -> None:
    """Chooses an option of a select, as the keyboard does."""
    await page.evaluate(
        f"(() => {{ const field = document.querySelector({json.dumps(selector)}); field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def units(url: str, source: str, **fields: object) -> list[str]:
    """The units that the server speaks for a source."""
    body: Any = httpx2.post(f"{url}/v1/text", json={"input": source, **fields}, timeout=60).json()
    return [sentence["symbols"] for sentence in body["sentences"]]


async def test_the_text_as_the_server_reads_it(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await show(page, TEXT, 14)
    assert await read(page) == [
        "chóng", "qìng", "jīn", "tiān", "二十五", "摄氏度", "zǒu", "le", "láo", "hú", "zhǎng", "de", "hěn", "kuài",
    ]  # fmt: skip
    assert await page.evaluate("document.querySelector('.warned').textContent") == "😀"
    assert "这个符号不读" in await page.evaluate("document.querySelector('.block-note').textContent")
    assert await page.evaluate("document.querySelectorAll('.gap').length") in range(6, 12)
    assert page.problems == []


async def test_another_reading_is_spoken(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await show(page, TEXT, 14)
    await click_cell(page, 0)
    await page.click("[data-reading=zhong4]")
    await page.wait("document.querySelector('.cell rt')?.textContent === 'zhòng'")
    source = await page.evaluate(SOURCE)
    assert '<phoneme ph="zhong4">重</phoneme>庆' in source
    assert "{zh_c$tone4" in units(server_url, source)[0] != units(server_url, TEXT)[0]
    await page.evaluate("""
      window.sent = [];
      const send = window.fetch;
      window.fetch = (path, options) => { sent.push([String(path), options?.body]); return send(path, options); };
    """)
    await page.click("#play")
    await page.wait("sent.some(([path]) => path.endsWith('v1/audio/speech'))")
    body = json.loads(await page.evaluate("sent.find(([path]) => path.endsWith('v1/audio/speech'))[1]"))
    assert body["input"] == source
    await page.wait(PLAYED)
    await page.click("#undo")
    assert await page.evaluate(SOURCE) == TEXT
    await page.click("#redo")
    assert await page.evaluate(SOURCE) == source


async def test_a_reading_for_the_word_everywhere(page, open_at: Open, server_url: str) -> None:
    """It is in the lexicon of the browser, which outlives a reload, and in the form of config.yaml."""
    await open_at(server_url)
    await show(page, "重庆，重庆。", 4)
    await click_cell(page, 2)
    await choose(page, "#scope", "always")
    await page.click("[data-reading=zhong4]")
    await page.wait("document.querySelector('.cell rt')?.textContent === 'zhòng'")
    assert await read(page) == ["zhòng", "qìng", "zhòng", "qìng"]
    assert await page.evaluate(SOURCE) == "重庆，重庆。"
    await page.click("#lexicon summary")
    expected = "text:\n  lexicon:\n    重庆: zhong4 qing4\n"
    assert await page.evaluate("document.querySelector('#lexicon-yaml').textContent") == expected
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as without https
    await page.click(".lexicon-export button")
    assert (await page.evaluate("getSelection().toString()")).strip() == expected.strip()
    await open_at(server_url)
    await show(page, "在重庆。", 3)
    assert await read(page) == ["zài", "zhòng", "qìng"]
    await page.click("#lexicon summary")
    await page.click("#lexicon [data-word]")
    await page.wait("document.querySelectorAll('.cell rt')[1]?.textContent === 'chóng'")


async def test_a_link_brings_its_readings_along(page, open_at: Open, server_url: str) -> None:
    """They go before those of the browser, which stay as they are until the user keeps them."""
    await open_at(f"{server_url}/#speak?text=重庆走了&reading=重庆:zhong4+qing4&reading=走:zou1")
    assert await page.evaluate("location.hash") == "#speak"
    await page.click("#mode-reading")
    await page.wait(f"{CELLS} === 4")
    assert await read(page) == ["zhòng", "qìng", "zōu", "le"]
    await page.click("#lexicon summary")
    await page.click("#lexicon [data-word=走]")
    await page.wait("document.querySelectorAll('.cell rt')[2]?.textContent === 'zǒu'")
    assert await page.evaluate("localStorage.getItem('sambert-lexicon')") == "{}"
    await page.click("#keep-borrowed")
    assert json.loads(await page.evaluate("localStorage.getItem('sambert-lexicon')")) == {"重庆": "zhong4 qing4"}
    assert await page.evaluate("document.querySelector('#keep-borrowed').checkVisibility()") is False
    assert await page.evaluate("document.querySelector('#lexicon summary').textContent") == "词典 1"

    await page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    await page.click("#downloads summary")
    await page.click("#downloads .share")
    link = await page.wait("window.copied")
    assert "和 1 个词的读音" in await page.wait("document.querySelector('#downloads .share-status').textContent")
    assert "&reading=%E9%87%8D%E5%BA%86%3Azhong4+qing4" in link


async def test_pauses_between_words(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await show(page, "今天天气很好。", 6)
    await page.click(".gap")
    await choose(page, "#pause", "500ms")
    await page.wait("document.querySelector('.gap')?.textContent === '0.5 秒'")
    assert await page.evaluate(SOURCE) == '<speak>今天<break time="500ms"/>天气很好。</speak>'
    await page.click(".gap")
    await choose(page, "#pause", "")
    await page.wait(f"{SOURCE} === '今天天气很好。'")


async def test_a_style_of_a_selection_with_the_keyboard_and_the_mouse(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await show(page, "今天天气很好。", 6)
    await page.evaluate("document.querySelector('#reading').focus()")
    await page.press("ArrowRight")
    await page.press("ArrowRight")
    await page.press("ArrowRight", shift=True)
    await choose(page, "#span-emotion", "happy")
    source = '<speak>今天<emotion category="happy">天气</emotion>很好。</speak>'
    assert await page.evaluate(SOURCE) == source
    assert units(server_url, source)[0].count("emotion_happy") == 4
    await choose(page, "#span-rate", "1.25")
    await choose(page, "#span-pitch", "2")
    assert '<prosody rate="1.25" pitch="+2st">天气</prosody>' in await page.evaluate(SOURCE)
    await choose(page, "#span-range", "1.5")
    await choose(page, "#span-pauses", "2")
    source = await page.evaluate(SOURCE)
    assert '<prosody rate="1.25" pitch="+2st" range="150%" pauses="200%">天气</prosody>' in source
    assert units(server_url, source)[0].count("emotion_happy") == 4  # the server takes it
    title = await page.wait("document.querySelectorAll('.cell')[2]?.title")
    assert title == "高兴 · 语速 1.25 倍 · 音高 +2 半音 · 语调起伏 1.5 倍 · 停顿 2 倍"
    await page.click("#clear-span")
    assert await page.evaluate(SOURCE) == "今天天气很好。"
    await page.evaluate("document.querySelector('#reading').focus()")
    await page.press("z", control=True)
    await page.press("Escape")
    assert "天气</prosody>" in await page.evaluate(SOURCE)
    assert await page.evaluate("document.querySelector('#span-tools').hidden")

    await page.wait(f"{CELLS} === 6")
    places = await page.evaluate("""[...document.querySelectorAll(".cell")].map((cell) => {
      const {left, width, bottom} = cell.getBoundingClientRect();
      return [left + width / 2, bottom - 8];
    })""")
    for kind, (x, y) in (("mousePressed", places[4]), ("mouseMoved", places[5]), ("mouseReleased", places[5])):
        await page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
    await choose(page, "#span-volume", "1.5")
    assert '<prosody volume="150%">很好</prosody>' in await page.evaluate(SOURCE)
    assert not await page.evaluate(OPEN)


async def test_other_words_for_a_number_with_the_keyboard_alone(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await show(page, "共25人。", 3)
    await page.evaluate("document.querySelector('#reading').focus()")
    await page.press("ArrowRight")
    await page.press("Enter")
    await page.write("#alias", "二五")
    await page.press("Enter")
    await page.wait("document.querySelectorAll('.cell rt')[1]?.textContent === '二五'")
    assert await page.evaluate(SOURCE) == '<speak>共<sub alias="二五">25</sub>人。</speak>'
    assert await page.evaluate("document.activeElement.id") == "reading"


async def test_the_source_can_be_edited_and_what_the_page_cannot_edit_stays(
    page, open_at: Open, server_url: str
) -> None:
    await open_at(server_url)
    await show(page, "重[zhong4]庆[pause:300ms]好。", 3)
    assert (await read(page))[0] == "zhòng"
    assert await page.evaluate("document.querySelector('.gap:not([data-value=\"\"])').dataset.value") == "300ms"
    source = "<speak>我们<say-as interpret-as='digits'>12</say-as>走</speak>"
    await page.click("#mode-writing")
    await show(page, source, 4)
    await click_cell(page, 0)
    assert await page.evaluate("document.querySelectorAll('#reading-menu button, #reading-menu select').length") == 0
    assert await page.evaluate(SOURCE) == source
    await page.press("Escape")
    await page.click("#mode-writing")
    await page.write("#text", "<speak>你好<brake/></speak>")
    await page.click("#mode-reading")
    await page.wait("document.querySelector('.block[data-state=failed]') !== null")
    assert "第 1 行第 10 个字符" in await page.evaluate("document.querySelector('.block-note').textContent")
    assert "line 1, column 10" in await page.evaluate("document.querySelector('.block-note').title")


async def test_ten_thousand_characters_stay_fluent(page, open_at: Open, server_url: str) -> None:
    """Only what is near to the window is analyzed and in the page; a change touches one block."""
    await open_at(server_url)
    text = "今天天气很好，我们一起去公园。" * 20
    await page.write("#text", "\n".join([text] * 34))
    await page.click("#mode-reading")
    await page.wait(f"{CELLS} > 200")
    assert await page.evaluate(CELLS) < 3000
    await page.evaluate("document.querySelector('#reading').scrollTop = 1e9")
    await page.wait("document.querySelector('.block:last-child')?.dataset.state === 'read'")
    await page.evaluate("document.querySelector('#reading').scrollTop = 0")
    await page.evaluate("window.second = document.querySelectorAll('.block')[1]")
    longest = await page.evaluate("""(async () => {
      let longest = 0;
      new PerformanceObserver((list) => {
        for (const {duration} of list.getEntries()) longest = Math.max(longest, duration);
      }).observe({entryTypes: ["longtask"]});
      document.querySelector(".gap").click();
      const field = document.querySelector("#pause");
      field.value = "1s";
      field.dispatchEvent(new Event("change"));
      await new Promise((done) => setTimeout(done, 1000));
      return longest;
    })()""")
    assert await page.evaluate("second === document.querySelectorAll('.block')[1]")
    assert '<break time="1s"/>' in await page.evaluate(SOURCE)
    print(f"longest task after a change: {longest:.0f} ms")


async def test_a_long_text_is_spoken_part_by_part(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    counting.samples_per_chunk = 16
    await open_at(counting_url)
    await page.write("#text", "\n".join([char * 199 + "。" for char in "甲乙丙丁戊"]))
    await page.click("#play")
    await page.wait(PLAYED)
    assert [text[0] for text, *_ in counting.requests] == ["甲", "丙", "戊"]


@requires_axe
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_serious_for_screen_readers(
    page, open_at: Open, server_url: str, language: str, theme: str
) -> None:
    await open_at(server_url, language=language, theme=theme)
    await show(page, TEXT, 14)
    await page.evaluate("document.querySelector('#reading').focus()")
    await page.press("ArrowRight", shift=True)
    await load_axe(page)
    for opened in (False, True):
        if opened:
            await page.press("Enter")
            await page.wait(OPEN)
        assert await serious_violations(page, ".text-card") == []


@pytest.mark.parametrize("width", [390, 1280])
async def test_nothing_is_wider_than_the_window(page, open_at: Open, server_url: str, width: int) -> None:
    await page.resize(width, 800)
    await open_at(server_url)
    await show(page, TEXT, 14)
    await click_cell(page, 5)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    left, right = await page.evaluate(
        "(({left, right}) => [left, right])(document.querySelector('#reading-menu').getBoundingClientRect())"
    )
    assert left >= 0
    assert right <= width
