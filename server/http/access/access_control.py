"""Decides over every request: who sends it, and whether its path is open to that client."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_address, ip_network

from aiohttp import web

from server.access.caller import Caller
from server.access.key_ring import KeyRing
from server.access.quota import CharacterQuota
from server.config import AccessKey, Config, Right
from server.errors import AuthenticationError
from server.http.access.credentials import secret_of
from server.http.access.cross_origin import CrossOrigin
from server.http.access.proxies import client_address
from server.http.access.security_headers import add_security_headers
from server.http.client import CALLER
from server.http.errors import Handler
from server.http.static_files import is_asset
from server.logs.context import name_client

_log = logging.getLogger(__name__)

SAVE_SECONDS = 5.0
"""Between two writings of the characters of the day."""


class AccessControl:
    """Middleware and headers. Raises `ConfigurationError` where the keys cannot be read."""

    def __init__(self, config: Config) -> None:
        self._keys = KeyRing(config)
        self._quota = CharacterQuota(config.storage.path)
        self._take(config)

    def check(self, config: Config) -> None:
        """Raises `ConfigurationError` where `reconfigure` could not take the keys."""
        self._keys.check(config)

    def reconfigure(self, config: Config) -> None:
        """Takes the section `access` of another configuration."""
        self._keys.reconfigure(config)
        self._take(config)

    def _take(self, config: Config) -> None:
        self._public = frozenset[str](config.access.public)
        self._pages = CrossOrigin(config.access.cors_origins)
        self._proxies = tuple(map(ip_network, config.access.trusted_proxies))

    def warn_if_open(self, host: str) -> None:
        """Logs a warning where others than this machine can use the server without a key."""
        if not self._keys.is_required and not _is_loopback(host):
            _log.warning(
                "no key is needed: whoever reaches this machine (server.host is %s) can use the server. "
                "`python -m server keys add NAME` makes a key, server.host 127.0.0.1 leaves it to this machine "
                "(docs/access.md)",
                host,
            )

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`: keeps the characters of the day on disk."""
        saving = asyncio.create_task(self._save())
        yield
        saving.cancel()
        with suppress(asyncio.CancelledError):
            await saving
        await asyncio.to_thread(self._quota.save)

    async def add_headers(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """For `app.on_response_prepare`: headers for browsers, of every answer and every stream."""
        add_security_headers(response)
        self._pages.add_headers(request, response)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Raises `AuthenticationError` or `AccessDeniedError`, or runs the handler."""
        if self._keys.is_outdated:
            await asyncio.to_thread(self._keys.reload)
        caller = request[CALLER] = self._anonymous(request)
        name_client(caller.client)
        if answer := self._pages.preflight(request):
            return answer
        path = _route_path(request)
        if path in self._public or is_asset(path):
            with suppress(AuthenticationError):
                _identify(caller)
            return await handler(request)
        _identify(caller)
        caller.require_key()
        if right := _right(path):
            caller.require(right)
        if caller.key is None:
            self._pages.require_known_page(request)
        try:
            return await handler(request)
        except Exception:
            caller.refund()
            raise

    def _anonymous(self, request: web.Request) -> Caller:
        address = client_address(request, self._proxies)
        return Caller(address, self._keys, self._quota, lambda: self._find(request))

    def _find(self, request: web.Request) -> AccessKey | None:
        """The key of a request. Where none is needed, one that is wrong is none."""
        try:
            secret = secret_of(request.headers)
            return None if secret is None else self._keys.find(secret)
        except AuthenticationError:
            if self._keys.is_required:
                raise
            return None

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await asyncio.to_thread(self._quota.save)


def _identify(caller: Caller) -> None:
    """Finds the key, whose name is in the log from here on. Raises `AuthenticationError`."""
    caller.identify()
    name_client(caller.client)


def _route_path(request: web.Request) -> str:
    """The path of the route that will run, so that no spelling of a path leads around the list; empty for none."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _right(path: str) -> Right | None:
    """The right that a path needs; None where any key will do."""
    if path == "/metrics":
        return "metrics"
    if path.startswith("/v1/admin/"):
        return "admin"
    return "speech" if path not in ("/", "/docs", "/openapi.json", "/health", "/ready") else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
