"""What a crowd of listeners has heard: first audio, late chunks, refusals."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load.client import Listener
from bench.report.percentiles import Percentiles
from bench.voices.texts import LINES

LEVELS = (1, 2, 4, 8, 16, 32)
"""Listeners at a time."""
PATIENCE = 1.0
"""Seconds after which a listener asks again whose request failed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is no room now; over HTTP that is 429."""

    retry_after: float
    """seconds"""


@dataclass(slots=True)
class Visits:
    """All requests of one crowd."""

    heard: list[Listener] = field(default_factory=list)
    """Requests that were spoken to their ends."""
    refused: int = 0
    """Requests that there was no room for."""
    failures: list[str] = field(default_factory=list)
    """Requests that went wrong, and why."""

    def note(self, outcome: Listener | Refusal | Exception) -> float:
        """Keeps what became of a request, and says in how many seconds its listener asks again."""
        match outcome:
            case Listener():
                self.heard.append(outcome)
                return max(0.0, outcome.dry - time.perf_counter())
            case Refusal():
                self.refused += 1
                return outcome.retry_after
            case _:
                self.failures.append(f"{type(outcome).__name__}: {outcome}")
                return PATIENCE


@dataclass(frozen=True, slots=True)
class Load:
    """One level of concurrency."""

    way: str
    listeners: int
    requests: int
    refused: int
    failed: int
    failure: str | None
    """Why the first one failed."""
    first_audio: Percentiles
    """seconds, of the requests that were spoken"""
    chunks: int
    late: int
    """Chunks before which the listener had run dry."""
    interrupted: int
    """Requests with a late chunk."""
    silence: float
    """Seconds that listeners waited in the middle of their speech, all together."""
    longest_gap: float
    """seconds"""
    sound: float
    """seconds, all together"""
    throughput: float
    """Seconds of sound a second."""
    cpu_share: float | None
    """Of the cores, by the process that speaks."""
    memory_peak: float | None
    """MiB of the process that speaks"""


def loaded(
    way: str, listeners: int, visits: Visits, wall: float, cpu_share: float | None, memory: float | None
) -> Load:
    """The account of a crowd that took `wall` seconds until its last sound had been computed."""
    gaps = [gap for listener in visits.heard for gap in listener.gaps]
    sound = sum(listener.sound for listener in visits.heard)
    return Load(
        way=way,
        listeners=listeners,
        requests=len(visits.heard) + visits.refused + len(visits.failures),
        refused=visits.refused,
        failed=len(visits.failures),
        failure=next(iter(visits.failures), None),
        first_audio=Percentiles.of(listener.first for listener in visits.heard if listener.first is not None),
        chunks=sum(listener.chunks for listener in visits.heard),
        late=len(gaps),
        interrupted=sum(bool(listener.gaps) for listener in visits.heard),
        silence=sum(gaps),
        longest_gap=max(gaps, default=0.0),
        sound=sound,
        throughput=sound / wall,
        cpu_share=cpu_share,
        memory_peak=memory,
    )


def text_for(listener: int, request: int, lines: Sequence[str] = LINES) -> str:
    """Two sentences, others for every listener, so that streams are not all alike."""
    return "".join(lines[(listener + request + step) % len(lines)] for step in range(2))


def start_of(listener: int, listeners: int, spread: float = 2.0) -> float:
    """Seconds after which a listener comes: not all in the same moment, and not in turn either."""
    return spread * listener / listeners
