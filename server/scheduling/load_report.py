"""What the scheduler is doing, as health checks and metrics show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The streams and the workers at one moment, and what has happened since the start."""

    streams: int
    """Streams that have a place and a listener."""
    without_audio: int
    """Of them, streams that have produced no audio yet."""
    capacity: int | None
    """Streams that fit; None before the voice was measured."""
    utilization: float
    """Predicted share of the workers' time for these streams."""
    late_chunks: int
    """Chunks that came after an underrun, of the streams that have ended since the start."""
    waiting: int = 0
    """Streams that wait for a place."""
    stalled: int = 0
    """Streams that have lost their place, because their clients do not read."""
    background: int = 0
    """Background streams that are computed."""
    background_waiting: int = 0
    """Background streams that wait for those."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """By reason: refused streams since the start."""
    batch_sizes: Mapping[int, int] = field(default_factory=dict)
    """By number of streams: batches since the start."""
    worker_restarts: int = 0
    """Workers that have failed and begun again since the start."""
    longest_step: float = 0.0
    """Seconds since the oldest batch that is being computed was begun; 0 when none is."""
