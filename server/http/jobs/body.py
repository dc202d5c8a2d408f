"""The request for a job: JSON, or an uploaded file with its fields in the query or in a form."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from aiohttp import web

from server.errors import RequestError
from server.http.request_body import UploadForm, read_body, read_form
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
            return _from_json(await read_body(request, max_bytes))
        case "multipart/form-data":
            return await _from_form(request, max_bytes)
        case media_type if media_type in KINDS:
            data = await read_body(request, max_bytes)
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
    form = await read_form(request, max_bytes)
    fields = {name: field_value(value) if name in _JSON_FIELDS else value for name, value in form.fields.items()}
    return _from_file(fields, form.data, _kind_of(form))


def _kind_of(form: UploadForm) -> JobKind:
    """By the suffix of the file's name, else by its media type."""
    suffix = PurePosixPath(form.file_name).suffix.lower()
    return _SUFFIXES.get(suffix) or KINDS.get(form.media_type) or "text"
