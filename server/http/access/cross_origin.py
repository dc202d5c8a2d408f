"""Web pages of other hosts: which may read answers (CORS), and which may send anything at all without a key.

Pages send no key by themselves, since there are no cookies. So a page of another host can do harm only where no key is
needed: there it may open no WebSocket and change nothing, unless it is in the list.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from server.errors import AccessDeniedError

_HEADER_NAMES = re.compile(r"[A-Za-z0-9, -]{1,1000}", re.ASCII)
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_PREFLIGHT_SECONDS = "600"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class CrossOrigin:
    """Knows the list of hosts."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a browser that asks before a request; None for anything else, and where it is not allowed."""
        if request.method != "OPTIONS" or hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
            return None
        if not self._allows(request.headers.get(hdrs.ORIGIN)):
            return None
        headers = {hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS, hdrs.ACCESS_CONTROL_MAX_AGE: _PREFLIGHT_SECONDS}
        wanted = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "")
        if _HEADER_NAMES.fullmatch(wanted):
            headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = wanted
        return web.Response(status=204, headers=headers)

    def add_headers(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Lets a page in the list read the answer, an error too."""
        if not self._origins:
            return
        if "*" not in self._origins:
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and self._allows(origin):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*" if "*" in self._origins else origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = "*"

    def require_known_page(self, request: web.Request) -> None:
        """Raises `AccessDeniedError` for what a page of another host sends, other than to look at something."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or (request.method in _SAFE_METHODS and hdrs.UPGRADE not in request.headers):
            return
        if not self._allows(origin) and _host(origin) != request.host.lower():
            raise AccessDeniedError(
                f"web pages of {origin!r} may not use this server without a key; add it to access.cors_origins in "
                "config.yaml, or send a key",
                code="origin_not_allowed",
            )

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and ("*" in self._origins or origin.lower() in self._origins)


def _host(origin: str) -> str:
    """Host and port of an origin; none of `null` or of anything that is not one."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
