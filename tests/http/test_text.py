"""POST /v1/text: the analysis of a text over HTTP. With the embedded voice."""

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientSession

from server.http.app import SERVICES
from server.http.text.text_analyzer import TextAnalyzer
from server.synthesis.registry.snapshot import VoiceSnapshot
from server.voices.voice import Voice
from tests.conftest import EMBEDDED
from tests.http.test_with_a_voice import run_scenario

PATH = "/v1/text"


def answers(*bodies: Mapping[str, object]) -> list[tuple[int, Any]]:
    """The status and the JSON of each answer."""
    found = []

    async def scenario(session: ClientSession, base: str) -> None:
        for body in bodies:
            async with session.post(f"{base}{PATH}", json=body) as answer:
                found.append((answer.status, await answer.json()))

    run_scenario(scenario)
    return found


def analysis(**fields: object) -> Any:
    ((status, body),) = answers(fields)
    assert status == 200, body
    return body


def pinyin(body: Any) -> list[str]:
    return [
        syllable["pinyin"]
        for sentence in body["sentences"]
        for word in sentence["words"]
        for syllable in word["syllables"]
    ]


def test_sentences_words_and_syllables() -> None:
    body = analysis(input="老虎在25℃。走吧！", emotion="happy")
    assert (body["voice"], body["speaker"], body["emotion"]) == ("demo", "natural", "happy")
    assert [(each["text"], each["start"], each["stop"]) for each in body["sentences"]] == [
        ("老虎在25℃。", 0, 7), ("走吧！", 7, 10),
    ]  # fmt: skip
    sentence = body["sentences"][0]
    assert sentence["normalized"] == "老虎在二十五摄氏度。"
    assert "emotion_happy" in sentence["symbols"]
    assert sentence["words"][0]["syllables"][0] == {
        "text": "老", "start": 0, "stop": 1, "spoken": "老", "pinyin": "lao2", "citation": "lao3", "phones": [],
        "explicit": False, "readings": ["lao3", "lao2"], "break_after": 0,
    }  # fmt: skip
    assert body["warnings"] == body["pauses"] == []


def test_marks_and_a_lexicon_change_the_reading() -> None:
    (_, plain), (_, marked), (_, listed) = answers(
        {"input": "重庆"}, {"input": "重[zhong4]庆"}, {"input": "重庆", "lexicon": {"重庆": "zhong4 qing4"}}
    )
    assert pinyin(plain) == ["chong2", "qing4"]
    assert pinyin(marked) == pinyin(listed) == ["zhong4", "qing4"]
    assert marked["sentences"][0]["symbols"] == listed["sentences"][0]["symbols"] != plain["sentences"][0]["symbols"]


def test_ssml_is_parsed_as_for_speech() -> None:
    text = (
        "<speak><break time='1s'/>我们<break time='300ms'/><voice name='female'>走吧<emotion category='sad'>再见"
        "</emotion></voice><mark name='a'/></speak>"
    )
    body = analysis(input=text)
    assert [each["speaker"] for each in body["sentences"]] == ["natural", "female"]
    assert [each["pause"] for each in body["sentences"]] == [0.3, None]
    assert body["pauses"] == [{"before": 0, "seconds": 1.0}]
    assert "emotion_sad" in body["sentences"][1]["symbols"]
    (warning,) = body["warnings"]
    assert (warning["code"], text[warning["start"] : warning["stop"]]) == ("ignored_element", "<mark")


def test_a_text_without_anything_to_speak_has_its_warnings() -> None:
    body = analysis(input="😀……")
    assert body["sentences"] == []
    assert [each["code"] for each in body["warnings"]] == ["unread_symbol"]


def test_instructions_choose_the_emotion() -> None:
    assert analysis(input="走", instructions="speak happily")["emotion"] == "happy"


@pytest.mark.parametrize(
    ("fields", "param", "code", "place"),
    [
        ({"input": "<speak>你好<brake/></speak>"}, "input", "invalid_ssml", "line 1, column 10: "),
        ({"input": "好\n重[chong9]"}, "input", "invalid_mark", "line 2, column 2: "),
        ({"input": "<speak><prosody rate='3'>好</prosody></speak>", "speed": 4}, "input", "invalid_ssml", "line 1"),
        ({"input": "<speak><voice name='x'>好</voice></speak>"}, "voice", "unknown_voice", "'x'"),
        ({"input": "<speak><emotion category='x'>好</emotion></speak>"}, "emotion", "unknown_emotion", "'x'"),
        ({"input": "好", "lexicon": {"好": "hao9"}}, "lexicon", "invalid_value", "hao9"),
        ({"input": "好", "voice": "absent"}, "voice", "unknown_voice", "absent"),
        ({"input": "好", "sample_rate": 1}, "sample_rate", "invalid_value", "valid"),
        ({"input": "好", "colour": 1}, "colour", "unknown_field", "colour"),
        ({"input": "好" * 10001}, "input", "input_too_long", "10001"),
        ({"input": " "}, "input", "empty_input", "empty"),
    ],
)
def test_an_error_says_where(fields: Mapping[str, object], param: str, code: str, place: str) -> None:
    ((status, body),) = answers(fields)
    error = body["error"]
    assert (status, error["param"], error["code"]) == (400, param, code)
    assert place in error["message"]


@pytest.fixture
def analyzing(registry, demo, serving):
    """The server on a real socket, whose default voice is the embedded one; loading a voice fails."""

    def load(name: str | None = None) -> None:
        raise AssertionError("a voice was loaded")

    demo.voice = Voice(EMBEDDED)
    registry.snapshot = lambda: VoiceSnapshot(registry.aliases, "demo", registry.voice, load, registry.sample_rates())
    return serving


async def test_no_voice_is_loaded(analyzing) -> None:
    async with analyzing() as client:
        answer = await client.post(PATH, json={"input": "好", "voice": "alloy"})
        assert (answer.status, (await answer.json())["speaker"]) == (200, "female")


async def test_a_short_text_does_not_wait_for_a_long_one(analyzing, monkeypatch) -> None:
    order: list[str] = []
    advance = TextAnalyzer.advance

    async with analyzing() as client:
        route = client.app[SERVICES].text

        def counted(self: TextAnalyzer) -> bool:
            while not order and route._requests < 2:  # until both texts are there
                time.sleep(0.001)
            order.append(self.input)
            return advance(self)

        monkeypatch.setattr(TextAnalyzer, "advance", counted)
        await asyncio.gather(*(client.post(PATH, json={"input": text}) for text in ("好。" * 50, "好")))
    assert order.index("好") < 5


async def test_too_many_texts_at_once_are_refused(analyzing, monkeypatch) -> None:
    advance, may_advance = TextAnalyzer.advance, threading.Event()

    def waiting(self: TextAnalyzer) -> bool:
        may_advance.wait(60)
        return advance(self)

    monkeypatch.setattr(TextAnalyzer, "advance", waiting)
    async with analyzing(limits={"queue_length": 0}) as client:
        requests = [asyncio.ensure_future(client.post(PATH, json={"input": "好。" * 50})) for _ in range(3)]
        statuses = []
        for answer in asyncio.as_completed(requests):
            statuses.append((await answer).status)
            if len(statuses) == 2:
                may_advance.set()
        assert statuses == [429, 429, 200]


def test_a_client_that_leaves_ends_the_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    advanced = 0
    begun = asyncio.Event()
    advance = TextAnalyzer.advance

    async def scenario(session: ClientSession, base: str) -> None:
        loop = asyncio.get_running_loop()

        def counted(self: TextAnalyzer) -> bool:
            nonlocal advanced
            advanced += 1
            loop.call_soon_threadsafe(begun.set)
            return advance(self)

        monkeypatch.setattr(TextAnalyzer, "advance", counted)
        request = asyncio.create_task(session.post(f"{base}{PATH}", json={"input": "好。" * 5000}))
        await begun.wait()
        request.cancel()
        await asyncio.wait([request])
        while (await (await session.post(f"{base}{PATH}", json={"input": "好"})).json())["sentences"] == []:
            pass  # never: it waits for its turn behind what is left of the first one
        assert advanced < 2000

    run_scenario(scenario)
