"""The request that a piece of code runs for. Tasks and `asyncio.to_thread` inherit it; workers take it over."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from server.client import Client


@dataclass(slots=True, eq=False)
class RequestContext:
    """What log lines and metrics know about a request. It changes while the request is answered."""

    request_id: str
    client: str = ""
    """The name of the client's key; empty before it is known, and without one."""
    address: str = ""
    """The client's IP address."""
    started: float = field(default_factory=time.monotonic)
    first_audio_seconds: float | None = None
    """From the start of the request to the first audio that is sent; None before that, and without audio."""
    on_text: Callable[[str, int], None] | None = None
    """Is told the voice and the characters of each text that is spoken for it, in any thread."""
    on_first_audio: Callable[[float], None] | None = None
    """Is told the seconds to the first audio of each task of a WebSocket."""


current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)


def report_text(voice: str, characters: int) -> None:
    """A text is spoken for the current request."""
    if (context := current_request.get()) and context.on_text:
        context.on_text(voice, characters)


def report_first_audio(seconds: float) -> None:
    """The first audio of a task is sent, `seconds` after its text came."""
    if (context := current_request.get()) and context.on_first_audio:
        context.on_first_audio(seconds)


def name_client(client: Client) -> None:
    """Sets the client of the current request; does nothing outside of a request."""
    if context := current_request.get():
        context.client, context.address = client.name, client.address
