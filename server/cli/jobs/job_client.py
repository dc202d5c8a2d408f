"""Jobs of a running server, over HTTP."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from server.atomic_file import open_atomic
from server.cli.http_client import HttpClient, ServerError
from server.errors import SpeechError

_PATH = "/v1/audio/jobs"
_MEDIA_TYPES = {
    "text": "text/plain",
    "lines": "text/plain",
    "ssml": "application/ssml+xml",
    "srt": "application/x-subrip",
    "jsonl": "application/jsonl",
}
KINDS = tuple(_MEDIA_TYPES)
_OBJECTS = ("audio.job", "audio.job.deleted", "list")

Json = Mapping[str, Any]


class JobClient:
    """The jobs of one server. Every method raises `SpeechError` with what the server says."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises `ServerError` for what is no address of a server."""
        self._client = HttpClient(url, key)

    def list(self, state: str | None) -> Iterator[Json]:
        """All jobs of the key, the newest first."""
        query = {"limit": "100", **({"state": state} if state else {})}
        while True:
            page = self._json("GET", f"?{urlencode(query)}")
            yield from page["data"]
            if not page["has_more"]:
                return
            query["after"] = page["data"][-1]["id"]

    def get(self, job_id: str) -> Json:
        """One job."""
        return self._json("GET", f"/{quote(job_id, safe='')}")

    def create(self, data: bytes, kind: str, fields: Mapping[str, str]) -> Json:
        """Makes a job of the content of a file."""
        query = urlencode({"kind": kind, **fields})
        return self._json("POST", f"?{query}", data, {"Content-Type": _MEDIA_TYPES[kind]})

    def delete(self, job_id: str) -> Json:
        """Cancels a job, or forgets one that has ended."""
        return self._json("DELETE", f"/{quote(job_id, safe='')}")

    def watch(self, job_id: str) -> Iterator[Json]:
        """The job after each of its changes, until it has ended."""
        for line in self._client.lines(f"{_PATH}/{quote(job_id, safe='')}/events"):
            if line.startswith(b"data: "):
                yield json.loads(line[6:])["job"]

    def fetch(self, job: Json, path: Path) -> None:
        """Writes the result of a job to a file."""
        try:
            with open_atomic(path) as file:
                for block in self._client.blocks(f"{_PATH}/{job['id']}/result"):
                    file.write(block)
                if file.tell() != job["result"]["size"]:
                    raise ServerError(f"the connection to {self._client.url} was cut off; fetch the result again")
        except OSError as error:
            raise SpeechError(f"cannot write {path}: {error.strerror or error}") from None

    def _json(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        answer = self._client.ask(method, _PATH + path, data, headers)
        answer.require_success()
        if answer.object.get("object") not in _OBJECTS:
            raise ServerError(f"{self._client.url} is not this software, or has no jobs")
        return answer.object
