"""References as metrics: how many, and never whose."""

from server.http.operations.report_collector import Measure
from server.references.reference_service import ReferencesReport

REFERENCES: tuple[Measure[ReferencesReport], ...] = (
    Measure(
        "sambert_references_total",
        "References that clients have added and deleted.",
        lambda report: {"added": report.added, "deleted": report.deleted},
        ("change",),
    ),
    Measure(
        "sambert_reference_recordings_total",
        "Recordings for requests: found in memory (hit), decoded and analyzed (miss), or refused.",
        lambda report: {"hit": report.hits, "miss": report.misses, "refused": report.refused},
        ("result",),
    ),
)
