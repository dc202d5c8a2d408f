"""The part of a file that a client asks for by a Range header, and the response with it."""

import hashlib

from aiohttp import web

from server.http.errors import ErrorReport


def requested_range(request: web.Request) -> slice | None:
    """The bytes that a client wants; None where it asks for all, or in a way that may be ignored.

    `bytes=0-`, with which players begin, asks for all: the answer is a stream. Several ranges and invalid ones are
    ignored, as RFC 9110 allows.
    """
    try:
        wanted = request.http_range
    except ValueError:
        return None
    return None if not wanted.start and wanted.stop is None else wanted


def partial_response(request: web.Request, wanted: slice, file: bytes, media_type: str) -> web.Response:
    """The response with a part of a file: 206, or 416 where the file has no such part.

    It is the whole file where If-Range names another one.
    """
    size, entity_tag = len(file), f'"{hashlib.sha256(file).hexdigest()[:32]}"'
    first, stop, _ = wanted.indices(size)
    headers = {"Content-Type": media_type, "Accept-Ranges": "bytes", "ETag": entity_tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-Range", entity_tag) != entity_tag:
        return web.Response(body=file, headers=headers)
    if first >= stop:
        message = f"the audio has {size} bytes; Range: {request.headers['Range']} is outside of it"
        return ErrorReport(
            416, message, "range_not_satisfiable", headers={"Content-Range": f"bytes */{size}"}
        ).response()
    headers["Content-Range"] = f"bytes {first}-{stop - 1}/{size}"
    return web.Response(status=206, body=file[first:stop], headers=headers)
