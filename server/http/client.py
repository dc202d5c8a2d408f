"""Who sent a request, and what it may do."""

from aiohttp import web

from server.access.caller import Caller
from server.client import Client
from server.config import Right

CALLER = web.RequestKey("caller", Caller)
"""Set by the authentication, before any handler runs."""


def client_of(request: web.BaseRequest) -> Client:
    """The client of a request; in logs also of one that was refused."""
    caller = request.get(CALLER)
    return caller.client if caller else Client(address=request.remote or "")


def require_right(request: web.Request, right: Right) -> None:
    """Raises `AuthenticationError` (401) without a key, `AccessDeniedError` (403) where the key lacks the right."""
    request[CALLER].require(right)


def charge(request: web.Request, characters: int) -> None:
    """Counts the characters of a text against the day's limit of the key.

    Raises `QuotaError` (429). They are given back when the handler raises an exception.
    """
    request[CALLER].charge(characters)
