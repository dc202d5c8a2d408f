"""A recording that a client sends to be kept: a form, or the file as the body with its fields in the query."""

import json
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field

from server.api.fields import Fields
from server.api.reference_fields import Consent, Transcript, require_consent
from server.errors import RequestError
from server.http.request_body import read_body, read_form
from server.http.speech.query import query_json
from server.http.speech.request import validate_json

MEDIA_TYPES = ("audio/wav", "audio/mpeg", "audio/flac", "audio/mp4", "audio/ogg", "audio/webm")
"""Of a file as the body, for the document; the file itself shows its format."""
_OTHERS = ("application/octet-stream", "application/ogg", "video/webm", "video/mp4")
"""As which clients send sound, too."""


class UploadFields(Fields):
    """What a client says about a recording."""

    name: Annotated[str, Field(max_length=200)] = Field(default="", description="A name for people.")
    consent: Consent = Field(description="That the speaker agrees to this use of the recording, in your words.")
    transcript: Transcript | None = Field(default=None, description="What is said in the recording.")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file with its fields."""

    data: bytes
    fields: UploadFields


async def read_upload(request: web.Request, max_bytes: int) -> Upload:
    """Reads and validates the body. Raises `RequestError`, 413 above the limit, 415 for other media types."""
    media_type = request.content_type
    if media_type == "multipart/form-data":
        form = await read_form(request, max_bytes)
        data, fields = form.data, json.dumps(dict(form.fields)).encode()
    elif media_type.startswith("audio/") or media_type in _OTHERS:
        fields = query_json(urlsplit(request.raw_path).query, frozenset())
        data = await read_body(request, max_bytes)
    else:
        raise web.HTTPUnsupportedMediaType(
            text="send a form with the file (multipart/form-data), or the file as "
            f"{', '.join(MEDIA_TYPES)}, not {media_type}"
        )
    require_consent(json.loads(fields).get("consent", ""))
    if not data:
        raise RequestError("the file is empty; send a recording", param="file", code="empty_input")
    return Upload(data, validate_json(UploadFields, fields))
