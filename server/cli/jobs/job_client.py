"""Jobs of a running server, over HTTP."""

import json
import shutil
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from server.errors import ConfigurationError, SpeechError

_PATH = "/v1/audio/jobs"
_MEDIA_TYPES = {
    "text": "text/plain",
    "lines": "text/plain",
    "ssml": "application/ssml+xml",
    "srt": "application/x-subrip",
    "jsonl": "application/jsonl",
}
KINDS = tuple(_MEDIA_TYPES)

Json = Mapping[str, Any]


class JobClient:
    """The jobs of one server. Every method raises `SpeechError` with what the server says."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises `ConfigurationError` for what is no URL of HTTP."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise ConfigurationError(f"--server must be a URL such as http://127.0.0.1:7860, not {url}")
        self._url = url.rstrip("/") + _PATH
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

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
        with self._open("GET", f"/{quote(job_id, safe='')}/events") as response:
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])["job"]

    def fetch(self, job: Json, path: Path) -> None:
        """Writes the result of a job to a file."""
        partial = path.with_name(f".{path.name}.{job['id']}")
        try:
            with self._open("GET", f"/{job['id']}/result") as response, partial.open("wb") as file:
                shutil.copyfileobj(response, file, 2**20)
            if partial.stat().st_size != job["result"]["size"]:
                raise SpeechError(f"the connection to {self._url} was cut off; fetch the result again")
            partial.replace(path)
        except OSError as error:
            raise SpeechError(f"cannot write {path}: {error.strerror or error}") from None
        finally:
            partial.unlink(missing_ok=True)

    def _json(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        with self._open(method, path, data, headers) as response:
            answer: Json = json.load(response)
            return answer

    def _open(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        request = Request(  # noqa: S310  the scheme is checked
            self._url + path, data=data, headers={**self._headers, **(headers or {})}, method=method
        )
        try:
            response: HTTPResponse = urlopen(request)  # noqa: S310
        except HTTPError as error:
            raise SpeechError(_message(error)) from None
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise SpeechError(f"no server answers at {self._url}: {reason}; start it, or give --server URL") from None
        return response


def _message(error: HTTPError) -> str:
    """What the server says about an error."""
    with error:
        try:
            return str(json.load(error)["error"]["message"])
        except (ValueError, LookupError, TypeError):
            return f"the server answers {error.code} {error.reason}"
