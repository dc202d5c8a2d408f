"""The page speaks: what is heard, what is marked, and what the server computes for it."""

import asyncio
import json
import threading
from pathlib import Path

import httpx2
import numpy as np
import pytest

from tests.clients.decoding import decoded
from tests.clients.page.conftest import Open
from tests.clients.page.recording import forget, recorded, tap
from tests.http.conftest import CountingSynthesizer

TEXT = "今天天气很好，我们一起去公园散步。"

UNKNOWN_ERROR = {"error": {"message": "a new reason", "code": "of_a_newer_server"}}

STATUS = "document.querySelector('#play').dataset.status"
MARKED = "document.querySelector('.editor-copy mark')?.textContent"


def speech(url: str, **fields: object) -> np.ndarray:
    """The samples of a request, as the page makes it."""
    body = {"voice": "demo", "speaker": "natural", "emotion": "neutral", "sample_rate": 16000, "response_format": "wav"}
    answer = httpx2.post(f"{url}/v1/audio/speech", json={**body, "input": TEXT, **fields}, timeout=60)
    return np.round(decoded(answer.content, "wav") * 32768).astype(np.int32)


async def test_what_is_heard_is_the_file_and_what_is_marked_sounds(page, open_at: Open, server_url: str) -> None:
    """A character is marked within 50 ms of its time, on the clock of the audio; no sample is missing or added."""
    await tap(page)
    await open_at(server_url)
    await page.write("#text", TEXT)
    await page.click("#play")  # the first time, the tap is loaded meanwhile
    await page.wait("tap.ready")
    await page.click("#stop")
    await forget(page)
    await page.evaluate("""
      window.marks = [];
      new MutationObserver(() => {
        const mark = document.querySelector(".editor-copy mark");
        if (!mark) return;
        const {currentTime, outputLatency, sampleRate} = tap.context;
        marks.push([(currentTime - outputLatency) * sampleRate, mark.previousSibling?.data.length ?? 0]);
      }).observe(document.querySelector(".editor-copy"), {childList: true});
      window.drawn = [];
      (function draw() {
        const {currentTime, outputLatency, sampleRate} = tap.context;
        drawn.push((currentTime - outputLatency) * sampleRate);
        requestAnimationFrame(draw);
      })();
    """)
    await page.click("#play")
    await page.wait(f"{STATUS} === 'ended'")

    first, heard = await recorded(page)
    expected = speech(server_url)
    leading = int(np.flatnonzero(expected)[0])
    wanted = np.pad(expected[leading:], (0, max(0, len(heard) - len(expected) + leading)))
    assert np.abs(heard[: len(wanted)] - wanted).max() <= 1

    times = httpx2.post(f"{server_url}/v1/audio/speech/timestamps", json={"input": TEXT}, timeout=60).json()
    characters = {one["start"]: one for sentence in times["sentences"] for one in sentence["characters"]}
    marks = await page.evaluate("marks")
    begin = first - leading
    drawn = [(frame - begin) / 16000 for frame in await page.evaluate("drawn")]
    shown = {  # a browser that is busy draws nothing while a character sounds
        start for start, one in characters.items() if any(one["begin"] + 0.05 < at < one["end"] - 0.05 for at in drawn)
    }
    assert {start for _, start in marks} >= shown - {0}
    late = [(frame - begin) / 16000 - characters[start]["begin"] for frame, start in marks if start in characters]
    print(f"marked {min(late) * 1000:.0f} to {max(late) * 1000:.0f} ms after a character begins")
    for frame, start in marks:
        sounds = (frame - begin) / 16000
        assert characters[start]["begin"] - 0.05 < sounds < characters[start]["end"] + 0.05


async def test_the_server_computes_nothing_more_when_the_user_stops(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    counting.permits = threading.Semaphore(3)
    await open_at(counting_url)
    await page.write("#text", "字" * 400)
    await page.click("#play")
    await page.wait("document.querySelector('#figures').textContent")
    await page.click("#stop")
    for _ in range(300):  # chunks that may be computed until the server notices
        counting.permits.release()
        if counting.closed.wait(0.1):
            break
    assert counting.closed.is_set()
    assert counting.computed < 400
    assert await page.evaluate(STATUS) == "idle"


async def test_pause_goes_on_where_it_was_and_the_same_text_is_not_computed_again(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    await open_at(counting_url)
    await page.write("#text", "字" * 20)
    await page.click("#play")
    await page.wait(f"{STATUS} === 'playing'")
    await page.click("#play")
    assert await page.evaluate(STATUS) == "paused"
    await page.evaluate("document.querySelector('#waveform').focus()")
    await page.press("End")
    await page.click("#play")
    await page.wait(f"{STATUS} === 'ended'")
    await page.click("#play")
    await page.wait(f"{STATUS} === 'playing'")
    assert len(counting.requests) == 1
    await page.press("Escape")
    await page.write("#text", "别的字" * 7)
    await page.press("Enter", control=True)
    await page.wait(f"{STATUS} === 'playing'")
    assert [text for text, *_ in counting.requests] == ["字" * 20, "别的字" * 7]


async def test_another_pace_keeps_the_pitch(page, open_at: Open, server_url: str) -> None:
    """At half the pace it lasts twice as long, and its spectrum has the same center."""
    await tap(page)
    await open_at(server_url)
    await page.write("#text", "你好。")
    await page.click("#play")
    await page.wait("tap.ready")
    await page.click("#stop")
    await page.evaluate("""
      document.querySelector("#rate").value = "0.5";
      document.querySelector("#rate").dispatchEvent(new Event("change"));
    """)
    await forget(page)
    await page.click("#play")
    await page.wait(f"{STATUS} === 'ended'")
    _, slow = await recorded(page)
    plain = speech(server_url, input="你好。")
    slow, plain = (np.trim_zeros(np.where(np.abs(one) > 300, one, 0)) for one in (slow, plain))
    assert len(slow) / len(plain) == pytest.approx(2, rel=0.1)
    assert center(slow) == pytest.approx(center(plain), rel=0.1)


def center(samples: np.ndarray) -> float:
    """The mean frequency of the spectrum, as a part of the sampling rate."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples))).sum() / power.sum())


async def test_settings_are_sent_and_can_be_reset(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    await open_at(counting_url)
    await page.write("#text", "好")
    await page.click("label[for='speaker-M7']")
    await page.click("label[for='emotion-happy']")
    await page.click("#more summary")
    for control, key in (("pitch", "ArrowRight"), ("energy", "ArrowLeft"), ("volume", "ArrowLeft")):
        await page.evaluate(f"document.querySelector('#control-{control}').focus()")
        await page.press(key)
    await page.press("Enter", control=True)
    await page.wait(f"{STATUS} === 'ended'")
    _, speaker, emotion, style = counting.requests[0]
    assert (speaker, emotion, style.pitch, style.energy, style.volume) == ("M7", "happy", 0.5, -0.5, 0.95)
    await page.click(".reset-all")
    await page.press("Enter", control=True)
    async with asyncio.timeout(60):
        while len(counting.requests) < 2:
            await asyncio.sleep(0.05)
    assert counting.requests[1][3].pitch == 0


async def test_a_sample_of_each_speaker_and_emotion_is_played(
    page, open_at: Open, counting_url: str, counting: CountingSynthesizer
) -> None:
    counting.samples_per_chunk = 1600
    await open_at(counting_url)
    await page.evaluate("document.querySelector('#control-pitch').focus()")
    await page.press("ArrowRight")
    await page.evaluate("""
      window.playing = false;
      window.played = 0;
      new MutationObserver(() => {
        const before = playing;
        playing = document.querySelector(".sample .icon-stop") !== null;
        if (before && !playing) played += 1;
      }).observe(document.body, {subtree: true, childList: true, attributes: true});
    """)
    for number, choice in enumerate(("speaker-F7", "speaker-M7", "emotion-neutral", "emotion-happy"), 1):
        await page.click(f".choice:has(#{choice}) .sample")
        await page.wait(f"played === {number}")
    spoken = [(speaker, emotion) for _, speaker, emotion, _ in counting.requests]
    assert spoken == [("F7", "neutral"), ("M7", "neutral"), ("F7", "happy")]  # what was heard is not computed again
    assert {style.pitch for *_, style in counting.requests} == {0}  # sliders do not change samples


async def test_files_have_what_was_heard(page, open_at: Open, server_url: str, tmp_path: Path) -> None:
    await open_at(server_url)
    await page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    await page.write("#text", TEXT)
    await page.click("#downloads summary")
    for name in ("wav", "mp3", "opus", "srt"):
        await page.click(f"[data-format={name}]")
        file = tmp_path / f"今天天气很好我们一起去公园散步.{name}"
        await page.wait("document.querySelector('#downloads p').textContent === ''")
        async with asyncio.timeout(60):
            while not file.exists():
                await asyncio.sleep(0.05)
        content = file.read_bytes()
        if name == "srt":
            assert "今天天气很好" in content.decode()
        else:
            assert len(decoded(content, name)) / 16000 == pytest.approx(len(speech(server_url)) / 16000, abs=0.2)


async def test_two_settings_are_compared_from_the_same_sentence(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await page.evaluate("""
      window.bodies = [];
      const send = window.fetch;
      window.fetch = (path, options) => {
        if (options?.body) bodies.push(JSON.parse(options.body));
        return send(path, options);
      };
    """)
    await page.write("#text", f"一二三。{'四五六' * 4}。{'七八九' * 4}。")
    await page.click("#compare")
    await page.click("label[for='speaker-female']")
    await page.evaluate(f"""
      window.heard = [];  // what is marked first in the second sentence, and after each change of the settings there
      new MutationObserver(() => {{
        const mark = {MARKED};
        if (!mark || heard.length === 3 || (!heard.length && !"四五六".includes(mark))) return;
        heard.push(mark);
        if (heard.length < 3) document.querySelector(`#hear-${{heard.length % 2}}`).click();
      }}).observe(document.querySelector(".editor-copy"), {{childList: true}});
    """)
    await page.click("#hear-0")
    heard = await page.wait("heard.length === 3 && heard.join('')")
    assert set(heard) <= set("四五六")
    assert [body["speaker"] for body in await page.evaluate("bodies")] == ["natural", "female"]

    await page.evaluate(f"""
      window.alternated = new Promise((resolve) => new MutationObserver(() => {{
        if (document.querySelector("#hear-0").ariaPressed === "true" && "七八九".includes({MARKED} ?? "无")) resolve();
      }}).observe(document.body, {{subtree: true, childList: true, attributes: true}}));
    """)
    await page.click("#compare-alternating")
    await page.evaluate("alternated")
    await page.click("#compare-blind")
    assert await page.evaluate("document.querySelector('.settings-body').hidden")
    await page.click("#hear-1")
    await page.click(".comparison .buttons:last-child button")
    result = await page.evaluate("document.querySelector('.comparison [role=status]').textContent")
    assert "甲是 A，乙是 B" in result or "甲是 B，乙是 A" in result


async def test_an_error_of_the_server_is_shown(page, open_at: Open, server_url: str) -> None:
    await open_at(server_url)
    await page.write("#text", "<speak>你好<pause/></speak>")
    await page.click("#play")
    assert "SSML 写得不对：第 1 行第 10 个字符。" in await page.wait("document.querySelector('#error').textContent")
    assert await page.evaluate(STATUS) == "idle"
    await page.evaluate(f"""
      window.fetch = async () => new Response(JSON.stringify({UNKNOWN_ERROR}), {{status: 400}});
    """)
    await page.write("#text", "好")
    await page.click("#play")
    await page.wait("document.querySelector('#error').textContent === '服务器没有接受：a new reason'")


async def test_the_page_says_why_nothing_is_heard(page, open_at: Open, counting_url: str) -> None:
    """Chromium plays without a loudspeaker as well, and lists what it has."""
    shown = "document.querySelector('#sound:not([hidden])')?.textContent"
    await open_at(counting_url)
    await page.write("#text", "好")
    for devices, told in (("[]", "没有找到扬声器"), ("[{kind: 'audiooutput'}]", None)):
        await page.evaluate(f"navigator.mediaDevices.enumerateDevices = async () => {devices}")
        await page.click("#play")
        await page.wait(f"{STATUS} === 'ended'")
        assert told in await page.evaluate(shown) if told else await page.evaluate(shown) is None
    await open_at(f"{counting_url}/?again")
    await page.evaluate("AudioContext = undefined")
    await page.click("#play")
    assert "没有可用的音频输出" in await page.wait(shown)
    assert await page.evaluate(STATUS) == "paused"
    await page.click(".sample")
    assert await page.evaluate("document.querySelector('.sample .icon-stop')") is None
    assert page.problems == []


async def test_a_text_of_ten_thousand_characters_is_spoken_and_edited(page, open_at: Open, server_url: str) -> None:
    text = "今天天气很好。" * 1428
    await open_at(server_url)
    await page.write("#text", text)
    await page.click("#play")
    await page.wait(MARKED)
    marked = await page.evaluate(MARKED)
    await page.wait(f"{MARKED} && {MARKED} !== {json.dumps(marked)}")
    await page.write("#text", "好")
    assert await page.evaluate(MARKED) is None  # the marks were for another text
    await page.press("Escape")
    assert await page.evaluate(STATUS) == "idle"
