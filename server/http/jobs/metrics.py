"""Jobs as metrics."""

from server.http.jobs.routes import STATES
from server.http.operations.report_collector import Measure
from server.jobs.job import JobsReport

JOBS: tuple[Measure[JobsReport], ...] = (
    Measure(
        "sambert_jobs",
        "Jobs that are kept, by their state.",
        lambda report: {str(state): float(report.jobs.get(state, 0)) for state in STATES},
        ("state",),
    ),
    Measure(
        "sambert_job_parts",
        "Parts of unfinished jobs, by whether they are computed or wait.",
        lambda report: {"running": report.parts_running, "waiting": report.parts_waiting},
        ("state",),
    ),
    Measure(
        "sambert_job_characters_waiting",
        "Characters of unfinished jobs that are not spoken yet.",
        lambda report: report.characters_waiting,
    ),
    Measure(
        "sambert_job_oldest_waiting_seconds",
        "Since the oldest job that has not begun was made; 0 where none waits.",
        lambda report: report.oldest_waiting_seconds,
    ),
    Measure(
        "sambert_webhooks_waiting",
        "Webhooks that are not received yet.",
        lambda report: report.webhooks_waiting,
    ),
)
