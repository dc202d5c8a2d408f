"""What the cache and its preparation report, as metrics."""

from collections.abc import Callable

from server.cache import CacheReport, TierReport
from server.http.operations.report_collector import Measure
from server.http.speech.warm_up import WarmUpReport


def _tiers(read: Callable[[TierReport], float]) -> Callable[[CacheReport], dict[str, float]]:
    return lambda report: {"memory": read(report.memory), "disk": read(report.disk)}


CACHE: tuple[Measure[CacheReport], ...] = (
    Measure(
        "sambert_cache_hits_total",
        "Requests that were answered with kept audio, by where it was kept.",
        _tiers(lambda tier: tier.hits),
        ("tier",),
    ),
    Measure(
        "sambert_cache_misses_total",
        "Requests that were computed, and whose audio may be kept.",
        lambda report: report.misses,
    ),
    Measure(
        "sambert_cache_shared_total",
        "Requests that were answered by the computing for another one.",
        lambda report: report.shared,
    ),
    Measure("sambert_cache_bytes", "Size of the kept audio.", _tiers(lambda tier: tier.bytes), ("tier",)),
    Measure("sambert_cache_limit_bytes", "The limit of that size.", _tiers(lambda tier: tier.limit), ("tier",)),
    Measure("sambert_cache_entries", "Kept streams and files.", _tiers(lambda tier: tier.entries), ("tier",)),
    Measure(
        "sambert_cache_evictions_total",
        "Entries that had to leave for others.",
        _tiers(lambda tier: tier.evictions),
        ("tier",),
    ),
    Measure("sambert_cache_running", "Streams that are computed for the cache now.", lambda report: report.running),
    Measure(
        "sambert_cache_errors_total",
        "Files that could not be read or written, damaged ones included.",
        lambda report: report.errors,
    ),
)

WARM_UP: tuple[Measure[WarmUpReport], ...] = (
    Measure(
        "sambert_cache_warm_texts",
        "Texts of cache.warm, by how far they are.",
        lambda report: {
            "done": report.done,
            "failed": report.failed,
            "waiting": report.texts - report.done - report.failed,
        },
        ("state",),
    ),
)
