"""How the configuration was read again."""

from server.http.operations.reports.collector import Measure
from server.http.reload import ReloadReport

CONFIGURATION: tuple[Measure[ReloadReport], ...] = (
    Measure(
        "sambert_config_reloads_total",
        "Signals to read the configuration again, by result.",
        lambda report: {"success": report.reloads, "failure": report.failures},
        ("result",),
    ),
    Measure(
        "sambert_config_reload_failed",
        "Whether the last attempt to read the configuration again failed.",
        lambda report: report.error is not None,
    ),
    Measure(
        "sambert_config_applied_timestamp_seconds",
        "Unix time at which the present configuration was applied.",
        lambda report: report.applied_at,
    ),
)
