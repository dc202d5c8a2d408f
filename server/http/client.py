"""Who sent a request."""

from aiohttp import web

from server.client import Client


def client_of(request: web.Request) -> Client:
    """The client of a request."""
    return Client(address=request.remote or "")
