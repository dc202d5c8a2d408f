"""A seed: equal requests give equal bytes, whatever else the server computes."""

import asyncio
from urllib.parse import urlencode

from aiohttp import ClientResponse, ClientSession

from tests.http.test_with_a_voice import TEXT, run_scenario, speech

PATH = "/v1/audio/speech"
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm", "webm")


async def answer(session: ClientSession, method: str, url: str, **request: object) -> ClientResponse:
    """The answer to a request, which waits while the server is at capacity."""
    while (response := await session.request(method, url, **request)).status == 429:
        await asyncio.sleep(0.2)
    return response


def test_equal_requests_with_a_seed_give_equal_bytes_while_other_streams_run() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        async def speak(**fields: object) -> bytes:
            response = await answer(session, "POST", f"{base}{PATH}", json=speech(TEXT, **fields))
            assert response.status == 200
            return await response.read()

        alone = {name: await speak(seed=5, response_format=name) for name in FORMATS}
        others = [asyncio.ensure_future(speak(emotion="sad")) for _ in range(3)]
        together = await asyncio.gather(*(speak(seed=5, response_format=name) for name in FORMATS))
        await asyncio.gather(*others)
        assert dict(zip(FORMATS, together, strict=True)) == alone
        assert await speak(seed=6, response_format="pcm") != alone["pcm"]

    run_scenario(scenario)


def test_the_parts_of_a_file_are_of_the_same_file_while_other_streams_run() -> None:
    async def scenario(session: ClientSession, base: str) -> None:
        async def entity_tag(first: int) -> str:
            url = f"{base}{PATH}?{urlencode({'input': TEXT, 'response_format': 'flac'})}"
            response = await answer(session, "GET", url, headers={"Range": f"bytes={first}-"})
            async with response:
                assert response.status == 206
                return response.headers["ETag"]

        alone = await entity_tag(1)
        assert set(await asyncio.gather(*map(entity_tag, range(1, 5)))) == {alone}

    run_scenario(scenario)
