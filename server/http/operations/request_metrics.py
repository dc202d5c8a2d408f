"""Metrics of requests: how many, how they were answered, and how long their clients wait for the first audio."""

import time
from collections.abc import Iterable

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from server.http.errors import Handler
from server.http.operations.request_id import CONTEXT

SPEECH = "/v1/audio/speech"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Others are counted together: a client may send any word."""
OTHER = "other"
CLOSED_BY_CLIENT = 499
"""Counted for a client that disconnected before its answer, as nginx does; no answer has it."""
_FIRST_AUDIO = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)


class RequestMetrics:
    """Counts requests by method, route and code. No label has anything that a client can choose."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "sambert_http_requests_total",
            f"Requests by route and status; {CLOSED_BY_CLIENT}: the client left before its answer.",
            ("method", "route", "code"),
            registry=registry,
        )
        self._in_progress = Gauge(
            "sambert_http_requests_in_progress", "Requests that are being answered.", registry=registry
        )
        self._first_audio = Histogram(
            "sambert_first_audio_seconds",
            "Time from the request (http), or from the last message of a task (websocket), to the first audio.",
            ("api",),
            buckets=_FIRST_AUDIO,
            registry=registry,
        )
        self._characters = Counter(
            "sambert_characters_total", "Characters of texts, markup included.", ("voice",), registry=registry
        )
        for api in ("http", "websocket"):
            self._first_audio.labels(api)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Counts a request when it has been answered, to its last byte."""
        context = request[CONTEXT]
        if request.method != "HEAD":
            context.on_text = self._count_text
            context.on_first_audio = self._first_audio.labels("websocket").observe
        code = CLOSED_BY_CLIENT
        self._in_progress.inc()
        try:
            response = await handler(request)
            code = response.status
            return response
        except web.HTTPException as error:
            code = error.status
            raise
        finally:
            self._in_progress.dec()
            self._requests.labels(_known(request.method, METHODS), _route(request), str(code)).inc()

    async def observe_first_audio(self, request: web.Request, response: web.StreamResponse) -> None:
        """For `app.on_response_prepare`: the answer of the speech route begins when its first audio is there."""
        context = request.get(CONTEXT)
        if context and response.status in (200, 206) and request.method != "HEAD" and _route(request) == SPEECH:
            context.first_audio_seconds = time.monotonic() - context.started
            self._first_audio.labels("http").observe(context.first_audio_seconds)

    def _count_text(self, voice: str, characters: int) -> None:
        self._characters.labels(voice).inc(characters)


def _route(request: web.Request) -> str:
    """The path of the route, with its placeholders."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else OTHER


def _known(name: str, known: Iterable[str]) -> str:
    return name if name in known else OTHER
