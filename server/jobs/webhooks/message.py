"""The message of a webhook and its signature, as the Standard Webhooks have them (www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from server.config.sections.jobs import webhook_key
from server.jobs.job import Job


@dataclass(frozen=True, slots=True)
class Message:
    """A body and its headers."""

    body: bytes
    headers: Mapping[str, str]


def signed_message(job: Job, message_id: str, secret: str, now: float) -> Message:
    """The message about the end of a job; without its text, and without an error that might quote it.

    `secret` is `jobs.webhook_secret`, `now` the time of the attempt in seconds since 1970.
    """
    ended = datetime.fromtimestamp(job.ended, UTC).isoformat(timespec="seconds")
    content = {"type": f"job.{job.state}", "timestamp": ended.replace("+00:00", "Z"), "data": _data(job)}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(now))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.new(webhook_key(secret), signed, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return Message(body, headers)


def _data(job: Job) -> Mapping[str, Any]:
    result = job.result
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "characters": job.progress.characters,
        "audio_seconds": round(result.seconds, 3) if result else None,
        "size": result.size if result else None,
    }
