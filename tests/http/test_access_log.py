"""The log of requests."""

import logging
import re


async def test_a_request_is_logged_without_its_text(serving, caplog):
    caplog.set_level(logging.INFO, "aiohttp.access")
    async with serving() as client:
        caplog.clear()
        response = await client.get("/v1/audio/speech", params={"input": "秘密", "response_format": "pcm"})
        await response.read()
        await client.get("/" + "x" * 5000, headers={"User-Agent": 'a "player"\t1.0'})
    first, second = (record.getMessage() for record in caplog.records if record.name == "aiohttp.access")
    assert re.fullmatch(r'127.0.0.1 "GET /v1/audio/speech" 200, \d+ bytes in \d+\.\d\d\d s, .+', first), first
    assert len(second) < 400
    assert "404" in second
    assert r"""'a "player"\t1.0'""" in second
