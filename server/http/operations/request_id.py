"""The id of each request: that of the header X-Request-Id if it is sane, else a new one. Every response carries it."""

import re
from uuid import uuid4

from aiohttp import web

from server.http.errors import Handler
from server.logs.context import RequestContext, current_request

REQUEST_ID = "X-Request-Id"
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)
"""Of the ids of proxies and clients: UUID, ULID, base64. No other character gets into a log or a response."""

CONTEXT = web.RequestKey("request_context", RequestContext)


@web.middleware
async def request_id_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Makes the context of the request. It is outermost, so that all that happens for the request is logged with it."""
    context = RequestContext(_request_id(request), address=request.remote or "")
    request[CONTEXT] = context
    current_request.set(context)  # until the request's task ends, so that the access log has it too
    return await handler(request)


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """For `app.on_response_prepare`: adds the header to every response, also to streams, errors and handshakes."""
    if context := request.get(CONTEXT):
        response.headers[REQUEST_ID] = context.request_id


def _request_id(request: web.Request) -> str:
    match request.headers.getall(REQUEST_ID, ()):
        case [given] if _SANE_ID.fullmatch(given):
            return given
    return uuid4().hex
