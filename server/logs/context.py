"""The request that a piece of code runs for. Tasks and `asyncio.to_thread` inherit it; workers take it over."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field


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


current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)


def name_client(name: str) -> None:
    """Sets the name of the current request's client; does nothing outside of a request."""
    if context := current_request.get():
        context.client = name
