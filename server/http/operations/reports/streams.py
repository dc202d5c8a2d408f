"""What the scheduler is doing, and has done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.http.operations.report_collector import Measure
from server.scheduling.scheduler import LoadReport, Scheduler
from server.scheduling.statistics import StreamStatistics

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


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


SCHEDULER: tuple[Measure[SchedulerReport], ...] = (
    Measure("sambert_workers", "Threads that compute.", lambda report: report.workers),
    Measure("sambert_streams", "Streams that are being computed.", lambda report: report.load.streams),
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
