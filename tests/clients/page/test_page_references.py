"""The page speaks like a recording: uploaded or recorded, analyzed, used, deleted."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from tests.clients.chromium import PROGRAM, open_page
from tests.clients.conftest import serve
from tests.clients.page.conftest import READY, Open
from tests.conftest import EMBEDDED

TEXT = "今天天气很好，我们一起去公园散步。"
REFERENCE = "document.querySelector('#reference-id')?.value"
EFFECT = "[...document.querySelectorAll('#reference-effect .badge')].map((one) => one.textContent).join()"
APPLIED = "[...document.querySelectorAll('#reference-applied .badge')].map((one) => one.textContent).join()"
STATUS = "document.querySelector('#play').dataset.status"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the small embedded voice, which keeps references."""
    config = Config.model_validate(
        {
            "models": {"path": str(EMBEDDED.parent), "default_voice": "demo-small"},
            "runtime": {"providers": ["cpu"], "threads": 1},
            "storage": {"path": str(tmp_path_factory.mktemp("data"))},
        }
    )
    with serve(VoiceRegistry(config), config) as url:
        yield url


@pytest.fixture(scope="module")
def recording(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of speech."""
    body = {"input": TEXT, "voice": "demo-small", "emotion": "happy", "speed": 1.2, "response_format": "wav"}
    file = tmp_path_factory.mktemp("recordings") / "高兴.wav"
    file.write_bytes(httpx2.post(f"{url}/v1/audio/speech", json=body, timeout=60).content)
    return file


async def bodies(page) -> None:
    """Notes the bodies of requests for speech in `window.bodies`."""
    await page.evaluate("""
      window.bodies = [];
      const send = window.fetch;
      window.fetch = (path, options) => {
        if (String(path).endsWith("audio/speech")) bodies.push(JSON.parse(options.body));
        return send(path, options);
      };
    """)


async def test_a_recording_is_uploaded_used_and_deleted(page, open_at: Open, url: str, recording: Path) -> None:
    await open_at(url)
    await bodies(page)
    await page.click("#reference summary")
    await page.click("#reference-add")
    await page.upload("#reference-file", recording)
    await page.wait("!document.querySelector('.reference-form audio').hidden")
    assert await page.evaluate("document.querySelector('#reference-name').value") == "高兴"
    assert await page.evaluate("document.querySelector('#reference-save').disabled")  # nothing is said about consent
    await page.write("#reference-consent", "这是我自己的声音。")
    await page.click("#reference-save")
    reference = await page.wait(REFERENCE)
    assert await page.evaluate("document.querySelector('#reference-timbre').disabled")  # this voice keeps its sound
    assert "每秒" in await page.evaluate("document.querySelector('.analysis').textContent")
    assert "置信度" in await page.wait(EFFECT)

    await page.evaluate("document.querySelector('#reference-strength').focus()")
    await page.press("ArrowLeft")
    await page.write("#text", "我们去公园吧。")
    await page.click("#play")
    applied = await page.wait(APPLIED)
    (body,) = await page.evaluate("bodies")
    assert (body["reference"], body["reference_use"], body["reference_strength"]) == (reference, ["emotion"], 0.95)
    assert "emotion" not in body  # the recording decides
    settings = httpx2.get(
        f"{url}/v1/audio/references/{reference}/settings?strength=0.95&speaker={body['speaker']}", timeout=60
    )
    words = {"neutral": "平静", "happy": "高兴", "sad": "悲伤", "angry": "生气"}
    assert words[settings.json()["settings"]["emotion"]] in applied
    await page.wait(f"{STATUS} === 'ended'")

    await page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    await page.click("#downloads summary")
    await page.click("#downloads .share")
    link = parse_qs(urlsplit(await page.wait("window.copied")).fragment.partition("?")[2])
    expected = settings.json()["settings"]
    assert link["emotion"] == [expected["emotion"]]
    assert {name: float(link.get(name, ["1"])[0]) for name in ("speed", "pitch_range", "pauses")} == {
        name: pytest.approx(expected[name]) for name in ("speed", "pitch_range", "pauses")
    }
    assert "reference" not in link
    assert "录音不在链接里，它的语气已写成设置。" in await page.evaluate(
        "document.querySelector('.share-status').textContent"
    )

    await page.open(f"{url}/?again")  # it is kept
    await page.wait(f"{REFERENCE} === {json.dumps(reference)}")
    await page.click(".reference-details .confirm")
    await page.click(".reference-details .confirm")
    await page.wait("document.querySelector('.reference-chosen').hidden")
    assert httpx2.get(f"{url}/v1/audio/references", timeout=60).json()["data"] == []
    await bodies(page)
    await page.wait(READY)
    await page.click("#play")
    await page.wait("bodies.length")
    assert "reference" not in (await page.evaluate("bodies"))[0]


async def test_the_microphone_is_recorded_with_its_level(tmp_path: Path, url: str, recording: Path) -> None:
    if PROGRAM is None:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium")
    microphone = (
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}",
    )  # fmt: skip
    async with open_page(tmp_path / "profile", *microphone) as page:
        await page.prefer(language="zh-CN")
        await page.open(url)
        await page.wait(READY)
        await page.click("#reference summary")
        await page.click("#reference-add")
        await page.click("#record")
        await page.wait("document.querySelector('.recording meter')?.value > -40")  # it hears
        assert "正在录音" in await page.evaluate("document.querySelector('.recording').textContent")
        await page.wait("/0:0[3-9]/.test(document.querySelector('.recording').textContent)")
        await page.click("#record")
        await page.wait("!document.querySelector('.reference-form audio').hidden")
        await page.write("#reference-consent", "这是我自己的声音。")
        await page.click("#reference-save")
        reference = await page.wait(REFERENCE)
        kept = httpx2.get(f"{url}/v1/audio/references/{reference}", timeout=60).json()
        assert kept["seconds"] > 2
        assert kept["consent"] == "这是我自己的声音。"
        assert page.problems == []
        httpx2.delete(f"{url}/v1/audio/references/{reference}", timeout=60)


async def test_what_is_no_recording_is_refused_in_the_words_of_the_server(
    page, open_at: Open, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "notes.wav"
    file.write_text("no sound")
    await open_at(url, language="en-US")
    await page.click("#reference summary")
    await page.click("#reference-add")
    await page.upload("#reference-file", file)
    await page.write("#reference-consent", "This is my own voice.")
    await page.click("#reference-save")
    shown = await page.wait("document.querySelector('#reference-problem').textContent")
    form = {"consent": "This is my own voice."}
    answer = httpx2.post(f"{url}/v1/audio/references", data=form, files={"file": file.read_bytes()}, timeout=60)
    assert answer.json()["error"]["message"] in shown
    assert await page.evaluate("document.querySelector('#reference-consent').value") == "This is my own voice."


async def test_the_page_says_where_no_microphone_can_be_used(page, open_at: Open, url: str) -> None:
    await open_at(url)
    await page.evaluate("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no device'))")
    await page.click("#reference summary")
    await page.click("#reference-add")
    await page.click("#record")
    shown = "document.querySelector('.recorder .error').textContent"
    assert "no device" in await page.wait(shown)
    await page.evaluate(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"
    )
    await page.click("#record")
    await page.wait(f"{shown}.startsWith('没有找到话筒')")


async def test_a_form_that_is_closed_while_the_browser_asks_gives_the_microphone_back(page, open_at: Open, url) -> None:
    await open_at(url)
    await page.evaluate("""
      navigator.mediaDevices.getUserMedia = async () => {
        await new Promise((resolve) => { window.allow = resolve; });
        window.stream = new AudioContext().createMediaStreamDestination().stream;
        return stream;
      };
    """)
    await page.click("#reference summary")
    await page.click("#reference-add")
    await page.click("#record")
    await page.click("#record")  # the browser is asked once
    await page.click(".reference-form .quiet")
    await page.evaluate("allow()")
    await page.wait("window.stream?.getTracks().every(({readyState}) => readyState === 'ended')")
    assert page.problems == []
