"""Reads what a running server tells about itself over HTTP."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from typing import IO, Any, TypeAlias
from urllib import error, request
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from server.errors import SpeechError

TIMEOUT = 10.0
"""Seconds."""
MAX_BYTES = 10_000_000
"""Of an answer."""

Samples: TypeAlias = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]
"""Name of a metric -> its labels -> the value."""


class ServerError(SpeechError):
    """A server cannot be reached, or does not answer as this one does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    body: bytes

    @property
    def object(self) -> dict[str, Any]:
        """The JSON object. Raises `ServerError` if it is none."""
        try:
            content = json.loads(self.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise ServerError("the server answers something else than this software; is the address right?")
        return content


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server tells. What it refuses, or does not have, is empty, and `refusals` has the reason."""

    ready: Mapping[str, Any]
    health: Mapping[str, Any]
    voices: Mapping[str, Any] = field(default_factory=dict)
    metrics: Samples = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    """Path -> why it could not be read."""


class _NoRedirects(request.HTTPRedirectHandler):
    """A redirect would take the key to another host."""

    def redirect_request(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Raises `ServerError`."""
        raise ServerError(f"{req.full_url} redirects to {newurl}; give that server's address")


class ServerClient:
    """Asks one server. Raises `ServerError` where there is none."""

    def __init__(self, url: str, key: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerError(f"--server must be an address such as http://localhost:7860, not {url!r}")
        self._base = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._opener = request.build_opener(_NoRedirects)

    def facts(self) -> ServerFacts:
        """Reads everything that is open to this client."""
        ready, health = self._get("/ready").object, self._get("/health").object
        if not {"status", "version"} <= ready.keys() & health.keys():
            raise ServerError(f"{self._base} is not this software, or an older version without /ready")
        refusals: dict[str, str] = {}
        voices = self._optional("/v1/audio/voices", refusals)
        metrics = self._optional("/metrics", refusals)
        return ServerFacts(
            ready=ready,
            health=health,
            voices=voices.object if voices else {},
            metrics=_samples(metrics.body) if metrics else {},
            refusals=refusals,
        )

    def _optional(self, path: str, refusals: dict[str, str]) -> Answer | None:
        answer = self._get(path)
        if answer.status == 200:
            return answer
        reasons = {
            401: "it needs a key (--key KEY)",
            403: "this key lacks the right",
            404: "this server has no such path (metrics.enabled in its configuration)",
        }
        refusals[path] = reasons.get(answer.status, f"status {answer.status}")
        return None

    def _get(self, path: str) -> Answer:
        asked = request.Request(self._base + path, headers=self._headers)  # noqa: S310 - http or https, see above
        try:
            with self._opener.open(asked, timeout=TIMEOUT) as response:
                return Answer(response.status, response.read(MAX_BYTES))
        except error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.read(MAX_BYTES))
        except (OSError, HTTPException) as failure:
            reason = getattr(failure, "reason", None) or failure
            raise ServerError(f"{self._base + path} does not answer: {reason}; is the server running?") from None


def _samples(body: bytes) -> Samples:
    found: defaultdict[str, dict[frozenset[tuple[str, str]], float]] = defaultdict(dict)
    try:
        for family in text_string_to_metric_families(body.decode("utf-8", "replace")):
            for sample in family.samples:
                found[sample.name][frozenset(sample.labels.items())] = sample.value
    except ValueError as problem:
        raise ServerError(f"the metrics cannot be read: {problem}") from None
    return found
