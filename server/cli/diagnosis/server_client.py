"""Reads what a running server tells about itself over HTTP."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from server.cli.http_client import Answer, HttpClient, ServerError

TIMEOUT = 10.0
"""Seconds."""

Samples: TypeAlias = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]
"""Name of a metric -> its labels -> the value."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server tells. What it refuses, or does not have, is empty, and `refusals` has the reason."""

    ready: Mapping[str, Any]
    health: Mapping[str, Any]
    voices: Mapping[str, Any] = field(default_factory=dict)
    metrics: Samples = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    """Path -> why it could not be read."""


class ServerClient:
    """Asks one server. Raises `ServerError` where there is none, or where it does not know the key."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._client = HttpClient(url, key, timeout=TIMEOUT)

    def facts(self) -> ServerFacts:
        """Reads everything that is open to this client."""
        ready, health = self._required("/ready"), self._required("/health")
        if not {"status", "version"} <= ready.keys() & health.keys():
            raise ServerError(f"{self._client.url} is not this software, or an older version without /ready")
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

    def _required(self, path: str) -> Mapping[str, Any]:
        answer = self._ask(path)
        if answer.status in _REFUSALS:
            raise ServerError(f"{self._client.url}{path} could not be read: {_REFUSALS[answer.status]}")
        return answer.object

    def _optional(self, path: str, refusals: dict[str, str]) -> Answer | None:
        answer = self._ask(path)
        if answer.status == 200:
            return answer
        missing = {404: "this server has no such path (metrics.enabled in its configuration)"}
        refusals[path] = (_REFUSALS | missing).get(answer.status, f"status {answer.status}")
        return None

    def _ask(self, path: str) -> Answer:
        answer = self._client.ask("GET", path)
        if answer.status == 401 and self._client.has_key:
            raise ServerError(f"{self._client.url} does not know this key, or it has expired")
        return answer


_REFUSALS = {401: "it needs a key (--key KEY)", 403: "this key lacks the right"}


def _samples(body: bytes) -> Samples:
    found: defaultdict[str, dict[frozenset[tuple[str, str]], float]] = defaultdict(dict)
    try:
        for family in text_string_to_metric_families(body.decode("utf-8", "replace")):
            for sample in family.samples:
                found[sample.name][frozenset(sample.labels.items())] = sample.value
    except ValueError as problem:
        raise ServerError(f"the metrics cannot be read: {problem}") from None
    return found
