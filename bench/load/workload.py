"""Workload of the load test: what each client requests, and when it starts."""

from collections.abc import Sequence

from bench.voices.texts import REQUEST_SENTENCES

RETRY_AFTER_FAILURE = 1.0
"""Seconds before a client repeats a request that failed."""


def request_text(client: int, request: int, sentences: Sequence[str] = REQUEST_SENTENCES) -> str:
    """Returns two sentences, different for each client, so that concurrent streams differ."""
    return "".join(sentences[(client + request + step) % len(sentences)] for step in range(2))


def start_delay(client: int, concurrency: int, ramp_up: float = 2.0) -> float:
    """Returns the seconds after which a client starts: all start within `ramp_up` seconds, evenly spread."""
    return ramp_up * client / concurrency
