"""The request for a job: JSON, or an uploaded file with its fields in the query or in a form."""

import json
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from server.errors import RequestError
from server.http.speech.query import field_value, json_fields, query_json
from server.http.speech.request import validate_json
from server.jobs.request import JobKind, JobRequest

KINDS: dict[str, JobKind] = {
    "text/plain": "text",
    "text/markdown": "text",
    "application/ssml+xml": "ssml",
    "application/x-subrip": "srt",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
}
"""Media type of an uploaded file -> its kind, unless `kind` says another one."""

_SUFFIXES: dict[str, JobKind] = {
    ".ssml": "ssml", ".xml": "ssml", ".srt": "srt", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".txt": "text", ".md": "text",
}  # fmt: skip

_JSON_FIELDS = json_fields(JobRequest)
_FIELD_BYTES = 2**20
"""Of one field of a form, and of all."""


@dataclass(frozen=True, slots=True)
class JobBody:
    """A validated request."""

    request: JobRequest
    data: bytes | None = None
    """An uploaded file in place of `input`."""


async def read_job(request: web.Request, max_bytes: int) -> JobBody:
    """Reads and validates the body. Raises `RequestError`, 413 above the limit, 415 for other media types."""
    match request.content_type:
        case "application/json":
            return _from_json(await _limited(request.content.iter_any(), max_bytes))
        case "multipart/form-data":
            return await _from_form(request, max_bytes)
        case media_type if media_type in KINDS:
            data = await _limited(request.content.iter_any(), max_bytes)
            fields = json.loads(query_json(urlsplit(request.raw_path).query, _JSON_FIELDS))
            return _from_file(fields, data, KINDS[media_type])
    raise web.HTTPUnsupportedMediaType(
        text=f"send JSON with Content-Type: application/json, a form with a file (multipart/form-data), or a file as "
        f"{', '.join(KINDS)}, not {request.content_type}"
    )


def _from_json(body: bytes) -> JobBody:
    request = validate_json(JobRequest, body)
    if (request.input is None) == (request.lines is None):
        raise RequestError("send the text in input, or in lines", param="input", code="missing_field")
    if request.lines is not None and "kind" in request.model_fields_set and request.kind != "lines":
        raise RequestError(f"kind must be lines where the text is in lines, not {request.kind}", param="kind")
    return JobBody(request if request.lines is None else request.model_copy(update={"kind": "lines"}))


def _from_file(fields: dict[str, object], data: bytes, kind: JobKind) -> JobBody:
    for name in ("input", "lines"):
        if name in fields:
            raise RequestError(f"{name} is not valid beside a file, which has the text", param=name)
    request = validate_json(JobRequest, json.dumps({"kind": kind, **fields}).encode())
    if not data.strip():
        raise RequestError("the file is empty; send the text to speak", param="input", code="empty_input")
    return JobBody(request, data)


async def _from_form(request: web.Request, max_bytes: int) -> JobBody:
    """A form with a part `file`; every other part is a field, those that are no text as JSON."""
    fields: dict[str, object] = {}
    data, kind, field_bytes = None, JobRequest.model_fields["kind"].default, 0
    try:
        async for part in await request.multipart():
            name = part.name if isinstance(part, BodyPartReader) else None
            if not isinstance(part, BodyPartReader) or not name:
                raise RequestError("each part of the form needs a name", code="unreadable_body")
            if name == "file":
                if data is not None:
                    raise RequestError("the form has two files; make a job for each", param="file")
                data, kind = await _limited(_chunks(part), max_bytes), _kind_of(part)
                continue
            value = (await _limited(_chunks(part), _FIELD_BYTES - field_bytes)).decode("utf-8", "strict")
            field_bytes += len(value)
            if name in fields:
                raise RequestError(f"{name} is given twice; give each field once", param=name)
            fields[name] = field_value(value) if name in _JSON_FIELDS else value
    except RequestError:
        raise
    except HttpProcessingError as error:
        raise RequestError(f"the form cannot be read: {error.message}", code="unreadable_body") from None
    except ValueError as error:
        raise RequestError(f"the form cannot be read: {error}", code="unreadable_body") from None
    if data is None:
        raise RequestError("the form has no part with the name file", param="file", code="missing_field")
    return _from_file(fields, data, kind)


def _kind_of(part: BodyPartReader) -> JobKind:
    """By the suffix of the file's name, else by its media type."""
    suffix = PurePosixPath(part.filename or "").suffix.lower()
    media_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return _SUFFIXES.get(suffix) or KINDS.get(media_type) or "text"


async def _chunks(part: BodyPartReader) -> AsyncIterable[bytes]:
    while chunk := await part.read_chunk():
        yield chunk


async def _limited(chunks: AsyncIterable[bytes], max_bytes: int) -> bytes:
    """All chunks. Raises 413 as soon as they are too many."""
    received, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise web.HTTPRequestEntityTooLarge(max_size=max_bytes, actual_size=size)
        received.append(chunk)
    return b"".join(received)
