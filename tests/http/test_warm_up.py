"""Texts that are prepared at the start: from the configuration into the cache, with progress, and with any failure."""

import asyncio
import logging
import threading

import pytest

from server.config import Config
from server.errors import ConfigurationError, SynthesisError
from server.http import create_app
from server.http.app import SERVICES
from tests.http.test_speech import expected_pcm
from tests.http.test_speech_cache import post

TEXT = "欢迎致电"
FIELDS = {"input": TEXT, "voice": "second", "emotion": "happy", "response_format": "pcm"}


async def until_computed(synthesizer, count: int) -> None:
    while len(synthesizer.requests) < count:
        await asyncio.sleep(0.001)


async def until_logged(caplog, text: str) -> None:
    while text not in caplog.text:
        await asyncio.sleep(0.001)


async def test_the_texts_are_there_before_anybody_asks(serving, registry, demo, caplog):
    caplog.set_level(logging.INFO)
    async with serving(cache={"memory_mb": 8, "warm": [TEXT, FIELDS]}) as client:
        await until_logged(caplog, "2 of 2 texts are prepared")
        await client.app[SERVICES].cache.settle()  # they are kept a moment later
        assert (await post(client, {"input": TEXT}))[0] == "hit"
        assert await post(client, FIELDS) == ("hit", expected_pcm(registry.voices["second"], TEXT))
    assert [len(voice.requests) for voice in registry.voices.values()] == [1, 1]
    assert "the cache: preparing 2 texts" in caplog.text


async def test_nothing_is_prepared_before_the_voices_are_loaded(serving, registry, demo):
    registry.may_load.clear()
    async with serving(cache={"memory_mb": 8, "warm": [TEXT]}, until_ready=False) as client:
        assert (await client.get("/health")).status in (200, 503)
        assert demo.requests == []
        registry.may_load.set()
        await until_computed(demo, 1)


async def test_a_text_that_fails_is_reported_and_the_others_are_prepared(serving, demo, caplog):
    texts = [{"input": TEXT, "voice": "absent"}, {"input": TEXT, "speaker": "nobody"}, "。。。", TEXT]
    async with serving(cache={"memory_mb": 8, "warm": texts}) as client:
        await until_computed(demo, 1)
        while (await post(client, {"input": TEXT}))[0] != "hit":
            await asyncio.sleep(0.001)
    messages = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [message.partition(":")[0] for message in messages] == ["cache.warm.0", "cache.warm.1", "cache.warm.2"]


async def test_a_server_that_stops_does_not_wait_for_its_texts(serving, demo):
    demo.permits = threading.Semaphore(0)

    async def compute_slowly() -> None:
        while True:
            demo.permits.release()
            await asyncio.sleep(0.01)

    async with serving(cache={"memory_mb": 8, "warm": ["字" * 1000, TEXT]}):
        await until_computed(demo, 1)
        computing = asyncio.create_task(compute_slowly())
    computing.cancel()
    assert len(demo.requests) == 1
    assert demo.computed < 1000


@pytest.mark.parametrize("error", [SynthesisError("NaN in the mel"), ZeroDivisionError("NaN in the mel")])
async def test_a_failure_of_the_computing_is_reported_and_the_others_are_prepared(
    serving, registry, demo, caplog, error
):
    caplog.set_level(logging.INFO)
    demo.fails_after = (0, error)
    async with serving(cache={"memory_mb": 8, "warm": [TEXT, FIELDS]}):
        await until_logged(caplog, "2 of 2 texts are prepared")
    assert "cache.warm.0: NaN in the mel" in caplog.text
    assert len(registry.voices["second"].requests) == 1


async def test_a_text_without_a_cache_has_no_effect_and_says_so(serving, caplog):
    async with serving(cache={"memory_mb": 0, "warm": [TEXT]}):
        await until_logged(caplog, "cache.warm has no effect")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"input": TEXT, "text": TEXT}, "cache.warm.1: text is not a field; valid: speed, "),
        ({"voice": "demo"}, "cache.warm.1: input is missing"),
        ({"input": TEXT, "speed": 9}, "cache.warm.1: speed must be at most 4, not 9"),
        ("  ", "cache.warm.1: input is empty"),
    ],
)
def test_a_text_with_invalid_fields_is_an_error_of_the_configuration(registry, text, message):
    config = Config.model_validate({"cache": {"warm": [TEXT, text]}})
    with pytest.raises(ConfigurationError) as caught:
        create_app(registry, config)
    assert str(caught.value).startswith(message)
