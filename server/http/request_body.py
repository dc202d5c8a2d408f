"""Reads bodies up to a limit of their own: files, and forms with a file."""

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from server.errors import RequestError

_FIELD_BYTES = 2**20
"""Of all fields of a form."""


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A form with one file, in its part `file`. Every other part is a field."""

    data: bytes
    file_name: str
    """Empty if the client names none."""
    media_type: str
    """The same."""
    fields: Mapping[str, str]


async def read_body(request: web.Request, max_bytes: int) -> bytes:
    """The whole body. Raises 413 as soon as it is too long."""
    return await _limited(request.content.iter_any(), max_bytes)


async def read_form(request: web.Request, max_bytes: int) -> UploadForm:
    """Reads multipart/form-data. Raises `RequestError`, and 413 for a file or for fields that are too long."""
    try:
        return await _read_form(request, max_bytes)
    except RequestError:
        raise
    except HttpProcessingError as error:
        raise RequestError(f"the form cannot be read: {error.message}", code="unreadable_body") from None
    except ValueError as error:
        raise RequestError(f"the form cannot be read: {error}", code="unreadable_body") from None


async def _read_form(request: web.Request, max_bytes: int) -> UploadForm:
    fields: dict[str, str] = {}
    file, field_bytes = None, 0
    async for part in await request.multipart():
        name = part.name if isinstance(part, BodyPartReader) else None
        if not isinstance(part, BodyPartReader) or not name:
            raise RequestError("each part of the form needs a name", code="unreadable_body")
        if name == "file":
            if file is not None:
                raise RequestError("the form has two files; send each in a request of its own", param="file")
            file = UploadForm(
                data=await _limited(_chunks(part), max_bytes),
                file_name=part.filename or "",
                media_type=part.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                fields=fields,
            )
            continue
        value = (await _limited(_chunks(part), _FIELD_BYTES - field_bytes)).decode("utf-8", "strict")
        field_bytes += len(value)
        if name in fields:
            raise RequestError(f"{name} is given twice; give each field once", param=name)
        fields[name] = value
    if file is None:
        raise RequestError("the form has no part with the name file", param="file", code="missing_field")
    return file


async def _chunks(part: BodyPartReader) -> AsyncIterable[bytes]:
    while chunk := await part.read_chunk():
        yield chunk


async def _limited(chunks: AsyncIterable[bytes], max_bytes: int) -> bytes:
    received, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise web.HTTPRequestEntityTooLarge(max_size=max_bytes, actual_size=size)
        received.append(chunk)
    return b"".join(received)
