"""Requests to a running server, for the commands that ask one."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import IO, Any
from urllib import error, request
from urllib.parse import urlsplit

from server.errors import SpeechError
from server.logs.escaping import escaped

TIMEOUT = 60.0
"""Seconds without a byte of an answer."""
MAX_BYTES = 10_000_000
"""Of an answer that is read as a whole."""
_BLOCK = 2**20


class ServerError(SpeechError):
    """A server cannot be reached, refuses, or does not answer as this one does."""

    def __init__(self, message: str) -> None:
        """`message` may have what a server says: its lines are escaped."""
        super().__init__("\n".join(map(escaped, message.splitlines())))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    body: bytes

    @property
    def object(self) -> dict[str, Any]:
        """The JSON object. Raises `ServerError` if it is none."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise ServerError("the server answers something else than this software; is the address right?")
        return content

    def require_success(self) -> None:
        """Raises `ServerError` with what the server says, unless the request was successful."""
        if 200 <= self.status < 300:
            return
        try:
            message = str(json.loads(self.body)["error"]["message"])
        except (ValueError, LookupError, TypeError, RecursionError):
            message = f"the server answers with status {self.status}"
        raise ServerError(message)


class _NoRedirects(request.HTTPRedirectHandler):
    """A redirect would take the key to another host."""

    def redirect_request(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Raises `ServerError`."""
        raise ServerError(f"{req.full_url} redirects to {newurl}; give that server's address")


class HttpClient:
    """Asks one server. Every method raises `ServerError` where none answers, or stops in the middle of an answer."""

    def __init__(self, url: str, key: str | None = None, *, timeout: float = TIMEOUT) -> None:
        """Raises `ServerError` for what is no address of a server, or cannot be a key."""
        if not _is_address(url):
            raise ServerError(f"--server must be an address such as http://localhost:7860, not {url!r}")
        if key and not (key.isascii() and key.isprintable()):
            raise ServerError("--key has characters that no key has; `python -m server keys add` prints a key")
        self.url = url.rstrip("/")
        self.has_key = bool(key)
        self._timeout = timeout
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._opener = request.build_opener(_NoRedirects)

    def ask(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends a request and reads its answer, whatever its status."""
        asked = request.Request(  # noqa: S310 - http or https, see __init__
            self.url + path, data=data, headers={**self._headers, **(headers or {})}, method=method
        )
        with self._opened(asked, self._timeout) as answer:
            return Answer(answer.status or 0, self._read(partial(answer.read, MAX_BYTES)))

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a successful answer as they come, however long that takes."""
        with self._successful(path, None) as answer:
            while line := self._read(answer.readline):
                yield line

    def blocks(self, path: str) -> Iterator[bytes]:
        """A successful answer in blocks."""
        with self._successful(path, self._timeout) as answer:
            while block := self._read(partial(answer.read, _BLOCK)):
                yield block

    def _successful(self, path: str, timeout: float | None) -> "HTTPResponse | error.HTTPError":
        asked = request.Request(self.url + path, headers=self._headers)  # noqa: S310 - see __init__
        answer = self._opened(asked, timeout)
        if isinstance(answer, error.HTTPError):
            with answer:
                Answer(answer.code, self._read(partial(answer.read, MAX_BYTES))).require_success()
        return answer

    def _opened(self, asked: request.Request, timeout: float | None) -> "HTTPResponse | error.HTTPError":
        try:
            answer: HTTPResponse = self._opener.open(asked, timeout=timeout)
        except error.HTTPError as refused:
            return refused
        except (OSError, HTTPException) as failure:
            reason = getattr(failure, "reason", None) or failure
            raise ServerError(
                f"{asked.full_url} does not answer: {reason}; start the server, or give its address (--server URL)"
            ) from None
        return answer

    def _read(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (OSError, HTTPException) as failure:
            raise ServerError(f"the connection to {self.url} was lost: {failure or type(failure).__name__}") from None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no IPv6 address, no port
        return False
