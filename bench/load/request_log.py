"""Outcomes of the requests of a load test, and their summary."""

import time
from dataclasses import dataclass, field

from bench.load.playback import ClientPlayback
from bench.results.percentiles import Percentiles
from bench.results.schema import LoadResult
from bench.system.process_usage import ProcessUsage

RETRY_AFTER_FAILURE = 1.0
"""Seconds before a client repeats a request that failed."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A request rejected for lack of capacity; over HTTP with status 429."""

    retry_after: float
    """Seconds."""


Outcome = ClientPlayback | Rejection | Exception
"""Of one request; an exception if it failed."""


@dataclass(slots=True)
class RequestLog:
    """All requests at one level of concurrency."""

    completed: list[ClientPlayback] = field(default_factory=list)
    rejected: int = 0
    failures: list[str] = field(default_factory=list)
    """Error message of each failed request."""

    def record(self, outcome: Outcome) -> float:
        """Records the outcome of a request; returns the seconds until its client sends the next one."""
        match outcome:
            case ClientPlayback():
                self.completed.append(outcome)
                return max(0.0, outcome.underrun_at - time.perf_counter())
            case Rejection():
                self.rejected += 1
                return outcome.retry_after
            case _:
                self.failures.append(f"{type(outcome).__name__}: {outcome}")
                return RETRY_AFTER_FAILURE


def summarize(
    log: RequestLog, target: str, concurrency: int, usage: ProcessUsage, memory_peak: float | None
) -> LoadResult:
    """Summarizes a log; `usage` is that of the synthesizing process, from the start until all audio was computed."""
    underruns = [seconds for playback in log.completed for seconds in playback.underruns]
    audio_seconds = sum(playback.audio_seconds for playback in log.completed)
    first_audio = (playback.time_to_first_audio for playback in log.completed)
    return LoadResult(
        target=target,
        concurrency=concurrency,
        requests=len(log.completed) + log.rejected + len(log.failures),
        rejected=log.rejected,
        failed=len(log.failures),
        first_failure=next(iter(log.failures), None),
        first_audio=Percentiles.of(seconds for seconds in first_audio if seconds is not None),
        chunks=sum(playback.chunks for playback in log.completed),
        late_chunks=len(underruns),
        interrupted=sum(bool(playback.underruns) for playback in log.completed),
        underrun_seconds=sum(underruns),
        longest_underrun=max(underruns, default=0.0),
        audio_seconds=audio_seconds,
        throughput=audio_seconds / usage.wall,
        cpu_utilization=usage.utilization,
        memory_peak=memory_peak,
    )
