"""Rows of the tables as jobs, parts and events."""

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from server.jobs.job import Delivery, Job, JobEvent, JobResult, Part, PartContent, PartResult, Progress, Slot


def job_of(row: sqlite3.Row) -> Job:
    """A job from a row of `job_status`."""
    done = min(row["characters_done"] + row["characters_running"], row["characters"])
    return Job(
        id=row["id"],
        client=row["client"],
        name=row["name"],
        request=json.loads(row["request"]),
        state=row["state"],
        progress=Progress(row["parts"], row["parts_done"], row["characters"], done),
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        attempts=row["attempts"],
        error=row["error"],
        waiting=row["waiting"],
        result=JobResult(**json.loads(row["result"])) if row["result"] else None,
        webhook=row["webhook"],
        digest=row["digest"],
        events=row["events"],
    )


def part_of(row: sqlite3.Row) -> Part:
    """A part from a row of `parts`."""
    content = json.loads(row["content"])
    slot = content.pop("slot")
    return Part(
        index=row["position"],
        content=PartContent(**content, slot=Slot(**slot) if slot else None),
        state=row["state"],
        attempts=row["attempts"],
        result=PartResult(**json.loads(row["result"])) if row["result"] else None,
    )


def event_of(row: sqlite3.Row) -> JobEvent:
    """An event from a row of `events`, with the totals of its job."""
    progress = Progress(row["parts"], row["parts_done"], row["characters"], row["characters_done"])
    return JobEvent(row["number"], row["type"], row["at"], progress)


def delivery_of(row: sqlite3.Row, job: Job, token: str) -> Delivery:
    """A webhook that was claimed, from its row before the claim."""
    return Delivery(row["id"], job, token, row["attempts"] + 1)


def as_json(data: object) -> str:
    """A dataclass of plain values, or a mapping, as JSON."""
    fields: Any = data if isinstance(data, dict) else asdict(data)  # type: ignore[call-overload]
    return json.dumps(fields, ensure_ascii=False)
