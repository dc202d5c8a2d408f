"""What the components of the server report, as metrics."""

import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from server import __version__
from server.http.connections.open_connections import OpenConnections
from server.http.operations.report_collector import Measure, SizeMeasure
from server.http.startup import Startup, State
from server.scheduling.load_report import LoadReport
from server.scheduling.scheduler import Scheduler
from server.scheduling.statistics import StreamStatistics

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


@dataclass(frozen=True, slots=True)
class StateReport:
    """What the server is, and whether it can speak."""

    state: State
    provider: str
    """Empty while it is not known."""
    preferred: str
    failed_providers: int
    voices: int
    broken: int


def state_report(startup: Startup, registry: "VoiceRegistry", preferred: str) -> StateReport:
    """The present state. Safe in any thread."""
    return StateReport(
        state=startup.state,
        provider=str(startup.device_report().get("provider", "")),
        preferred=preferred,
        failed_providers=len(registry.runtime.failed_providers),
        voices=len(registry.known),
        broken=len(registry.broken),
    )


STATE: tuple[Measure[StateReport], ...] = (
    Measure(
        "sambert_build_info",
        "The version of the server and of Python; always 1.",
        lambda report: {(__version__, platform.python_version()): 1},
        ("version", "python"),
    ),
    Measure(
        "sambert_state",
        "1 for the state that the server is in, 0 for the others.",
        lambda report: {state: float(state == report.state) for state in get_args(State)},
        ("state",),
    ),
    Measure("sambert_ready", "Whether requests for speech are answered.", lambda report: report.state == "ready"),
    Measure(
        "sambert_provider_info",
        "The execution provider in use, and the one that the configuration prefers; always 1.",
        lambda report: {(report.provider, report.preferred): 1} if report.provider else {},
        ("provider", "preferred"),
    ),
    Measure(
        "sambert_provider_failures_total",
        "Execution providers that failed and were abandoned; not those that onnxruntime was built without.",
        lambda report: report.failed_providers,
    ),
    Measure(
        "sambert_voices",
        "Voices by whether they can speak.",
        lambda report: {"ready": report.voices, "broken": report.broken},
        ("state",),
    ),
)


@dataclass(frozen=True, slots=True)
class SchedulerReport:
    """What the scheduler is doing, and has done."""

    load: LoadReport
    totals: StreamStatistics
    workers: int


def scheduler_report(scheduler: Scheduler, registry: "VoiceRegistry") -> SchedulerReport:
    """The present load, and the totals. Safe in any thread."""
    return SchedulerReport(scheduler.load(registry.default_voice), scheduler.statistics(), scheduler.workers)


def _outcomes(report: SchedulerReport) -> Mapping[tuple[str, str], float]:
    return {
        (voice, outcome): count
        for voice, totals in report.totals.voices.items()
        for outcome, count in totals.outcomes.items()
    }


SCHEDULER: tuple[Measure[SchedulerReport] | SizeMeasure[SchedulerReport], ...] = (
    Measure("sambert_workers", "Threads that compute.", lambda report: report.workers),
    Measure("sambert_streams", "Streams with a place and a listener.", lambda report: report.load.streams),
    Measure("sambert_streams_waiting", "Requests that wait for a place.", lambda report: report.load.waiting),
    Measure(
        "sambert_streams_stalled",
        "Streams that have lost their place, because their clients do not read.",
        lambda report: report.load.stalled,
    ),
    Measure("sambert_streams_background", "Streams of jobs that are computed.", lambda report: report.load.background),
    Measure(
        "sambert_streams_background_waiting",
        "Streams of jobs that wait for those.",
        lambda report: report.load.background_waiting,
    ),
    Measure(
        "sambert_streams_refused_total",
        "Requests that got no place, by the reason.",
        lambda report: report.load.refused,
        ("reason",),
    ),
    SizeMeasure(
        "sambert_batch_size",
        "Streams in a batch.",
        lambda report: report.load.batch_sizes,
        (1, 2, 4, 8, 16, 32, 64, 128, 256),
    ),
    Measure(
        "sambert_worker_restarts_total",
        "Workers that failed and began again.",
        lambda report: report.load.worker_restarts,
    ),
    Measure(
        "sambert_streams_without_audio",
        "Streams that have produced no audio yet.",
        lambda report: report.load.without_audio,
    ),
    Measure(
        "sambert_stream_capacity",
        "Streams of the default voice that fit; no sample before it was measured.",
        lambda report: report.load.capacity,
    ),
    Measure(
        "sambert_utilization_ratio",
        "Predicted share of the workers' time for the present streams.",
        lambda report: report.load.utilization,
    ),
    Measure(
        "sambert_worker_step_seconds",
        "How long a worker has been busy with its present batch or text; the longest of all workers.",
        lambda report: report.load.longest_step,
    ),
    Measure(
        "sambert_late_chunks_total",
        "Chunks of audio that came after their client had played all before them.",
        lambda report: report.totals.late_chunks,
    ),
    Measure(
        "sambert_streams_ended_total",
        "Streams by voice and by how they ended: finished, cancelled by their client, failed.",
        _outcomes,
        ("voice", "outcome"),
    ),
    Measure(
        "sambert_audio_seconds_total",
        "Audio that was computed, pauses included.",
        lambda report: {voice: totals.audio_seconds for voice, totals in report.totals.voices.items()},
        ("voice",),
    ),
    Measure(
        "sambert_computed_audio_seconds_total",
        "Audio that needed computing: all but pauses.",
        lambda report: {voice: totals.computed_seconds for voice, totals in report.totals.voices.items()},
        ("voice",),
    ),
    Measure(
        "sambert_computing_seconds_total",
        "Time of workers; divided by the audio that needed computing it is the real-time factor.",
        lambda report: {voice: totals.computing_seconds for voice, totals in report.totals.voices.items()},
        ("voice",),
    ),
    Measure(
        "sambert_key_audio_seconds_total",
        "Audio that was computed for the clients of a key, by its name.",
        lambda report: dict(report.totals.clients),
        ("key",),
    ),
)


@dataclass(frozen=True, slots=True)
class DiskReport:
    """The file system of `storage.path`, in bytes."""

    size: int
    free: int
    """For this process."""


def disk_report(path: Path) -> DiskReport | None:
    """The file system of the folder, or of where it will be made; None where there is none."""
    existing = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), None)
    if existing is None:
        return None
    usage = shutil.disk_usage(existing)
    return DiskReport(usage.total, usage.free)


DISK: tuple[Measure[DiskReport], ...] = (
    Measure("sambert_storage_size_bytes", "Size of the file system of storage.path.", lambda report: report.size),
    Measure("sambert_storage_free_bytes", "Free space for storage.path.", lambda report: report.free),
)


CONNECTIONS: tuple[Measure[OpenConnections], ...] = (
    Measure("sambert_connections", "Open connections of clients.", len),
    Measure(
        "sambert_connections_refused_total",
        "Connections that were too many, and were closed.",
        lambda connections: connections.refused,
    ),
)
