"""The page in Chromium, in front of a server with the embedded voices or with one that counts."""

from collections.abc import Awaitable, Callable

import pytest

from tests.clients.chromium import Page

READY = "document.querySelector('#play') && !document.querySelector('#play').disabled"

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
def open_at(page: Page) -> Open:
    """Opens a page as a user with this language and theme sees it, and waits for its voices."""

    async def opened(url: str, *, language: str = "zh-CN", theme: str = "light") -> Page:
        await page.prefer(language=language, theme=theme)
        await page.open(url)
        await page.wait(READY)
        return page

    return opened
