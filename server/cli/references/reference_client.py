"""References of a running server, over HTTP."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from server.cli.http_client import HttpClient, ServerError

_PATH = "/v1/audio/references"

Json = Mapping[str, Any]


class ReferenceClient:
    """The references of one server. Every method raises `SpeechError` with what the server says."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises `ServerError` for what is no address of a server."""
        self._client = HttpClient(url, key)

    def add(self, data: bytes, fields: Mapping[str, str]) -> Json:
        """Keeps a recording. All of it is in the body: servers on the way write addresses into their logs."""
        from aiohttp import FormData  # imported here: the other commands do not need it

        form = FormData(fields)
        form.add_field("file", data, filename="recording", content_type="application/octet-stream")
        body = form()
        return self._json("POST", "", asyncio.run(body.as_bytes()), {"Content-Type": body.content_type})

    def list(self) -> Sequence[Json]:
        """All references of the key, the newest first."""
        found: Sequence[Json] = self._json("GET", "")["data"]
        return found

    def get(self, reference_id: str) -> Json:
        """One reference."""
        return self._json("GET", f"/{quote(reference_id, safe='')}")

    def settings(self, reference_id: str, fields: Mapping[str, str]) -> Json:
        """What a voice takes over of its emotion."""
        return self._json("GET", f"/{quote(reference_id, safe='')}/settings?{urlencode(fields)}")

    def remove(self, reference_id: str) -> Json:
        """Deletes one."""
        return self._json("DELETE", f"/{quote(reference_id, safe='')}")

    def _json(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        answer = self._client.ask(method, _PATH + path, data, headers)
        answer.require_success()
        if not str(answer.object.get("object")).startswith(("audio.reference", "list")):
            raise ServerError(f"{self._client.url} is not this software, or takes no references")
        return answer.object
