"""Connections to the WebSocket of the server that the fixture `serving` starts."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.http.dashscope.raw_client import PATH, RawClient, connected


@pytest.fixture
def connect() -> Callable[[Any], AbstractAsyncContextManager[RawClient]]:
    """`async with connect(client) as raw` connects to the server of aiohttp's test client."""
    return lambda client: connected(client.session, str(client.make_url(PATH)))
