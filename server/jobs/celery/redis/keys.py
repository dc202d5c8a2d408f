"""The names of what Redis keeps."""

JOIN = "join"
"""The member that stands for the joining of all parts; it comes after the numbers of parts."""

NUMBERS = "sambert:number"
"""Counts jobs."""
JOBS = "sambert:jobs"
"""Sorted set: id of every job -> its number."""
OPEN = "sambert:open"
"""Hash: id of every unfinished job -> `OpenJob`."""
ENDED = "sambert:ended"
"""Sorted set: id of every job that has ended -> when."""
TURNS = "sambert:turns"
"""Hash: client -> when it had its last turn."""
IDEMPOTENCY = "sambert:idempotency"
"""Hash: client and idempotency key -> id of the job."""
DUE = "sambert:due"
"""Sorted set: id of a webhook that was not received yet -> when it is due."""

FILES = "sambert:files"
"""Set: id of every job with files in Redis."""


def client_jobs(client: str) -> str:
    """Sorted set: id of every job of a client -> its number."""
    return f"sambert:client:{client}"


def job(job_id: str) -> str:
    """Hash: `new` -> `JobRecord`, `status` -> `JobStatus`. Each change of a job writes it."""
    return f"sambert:job:{job_id}"


def contents(job_id: str) -> str:
    """Hash: number of a part -> `PartContent`."""
    return f"sambert:contents:{job_id}"


def works(job_id: str) -> str:
    """Hash: number of a part that was begun -> `WorkStatus`."""
    return f"sambert:works:{job_id}"


def waiting(job_id: str) -> str:
    """Sorted set: number of a part that is not done -> when it may be claimed: 0, or the end of its lease."""
    return f"sambert:waiting:{job_id}"


def characters(job_id: str) -> str:
    """Hash: number of a part in progress -> its characters that are done."""
    return f"sambert:characters:{job_id}"


def events(job_id: str) -> str:
    """Hash: number of an event -> `EventRecord`."""
    return f"sambert:events:{job_id}"


def delivery(delivery_id: str) -> str:
    """A `DeliveryRecord`."""
    return f"sambert:delivery:{delivery_id}"


def files(job_id: str) -> str:
    """Hash: name of a file of a job -> the number of its upload, and of its blocks."""
    return f"sambert:files:{job_id}"


def block(job_id: str, upload: str, number: int) -> str:
    """Bytes of a file."""
    return f"sambert:file:{job_id}:{upload}:{number}"


def member(index: int | None) -> str:
    """The member that stands for a part, or for the joining."""
    return JOIN if index is None else f"{index:06}"
