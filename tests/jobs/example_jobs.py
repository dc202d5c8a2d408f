"""Jobs for tests of stores."""

from server.jobs.job import JobResult, NewJob, PartContent, PartResult
from server.jobs.store import ClientLimits, JobStore

LIMITS = ClientLimits(jobs=1000, characters=10**9)
RESULT = JobResult("speech.mp3", "audio/mpeg", 3, "digest", 1.5, ("slow",))
LEASE = 60.0


def new_job(*texts: str, client: str = "", webhook: str = "", key: str = "", digest: str = "") -> NewJob:
    parts = [PartContent(text, len(text)) for text in texts]
    return NewJob(client, {"voice": "demo"}, parts, webhook=webhook, idempotency_key=key, digest=digest)


def finish(store: JobStore) -> None:
    """Completes all work."""
    while lease := store.claim(LEASE):
        if lease.part is None:
            assert store.complete_job(lease, RESULT)
        else:
            assert store.complete_part(lease, PartResult(1))
