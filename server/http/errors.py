"""Errors in the format of OpenAI's API, and the middleware that converts exceptions to them."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from server.errors import BusyError, RequestError, ShutdownError, SpeechError, VoiceError

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """What a client is told about an error."""

    status: int
    message: str
    code: str
    param: str | None = None
    """The name of the field."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, dict[str, str | None]]:
        """The error as OpenAI's API writes it."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        kind = "rate_limit_error" if self.status == 429 else kind
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> web.Response:
        """The error as a response."""
        return web.json_response(self.body, status=self.status, headers=self.headers)


def report_error(error: Exception) -> ErrorReport:
    """Returns what a client is told about an exception. The message of an unexpected one is not sent."""
    match error:
        case RequestError():
            return ErrorReport(400, str(error), error.code, error.param)
        case VoiceError():
            return ErrorReport(503, str(error), "broken_voice", "voice")
        case BusyError():
            return ErrorReport(429, str(error), "too_many_streams", headers={"Retry-After": str(error.retry_after)})
        case ShutdownError():
            return ErrorReport(503, str(error), "shutting_down", headers={"Retry-After": "5"})
        case SpeechError():
            return ErrorReport(500, str(error), "synthesis_failed")
        case web.RequestPayloadError():
            return ErrorReport(400, f"the body does not match its headers: {error}", "unreadable_body")
    return ErrorReport(500, "an internal error occurred; the log of the server has the details", "internal_error")


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Runs the handler and converts exceptions to JSON responses; logs server errors."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _report_http_error(request, error).response()
    except ConnectionError:
        raise  # the client has disconnected
    except Exception as error:  # noqa: BLE001  logged, and answered with a 500
        report = report_error(error)
        if report.code == "internal_error":
            _log.exception("%s %s failed", request.method, request.path)
        elif report.status == 500:
            _log.error("%s %s failed: %s", request.method, request.path, error)
        response = report.response()
        if isinstance(error, web.RequestPayloadError):
            response.force_close()  # the start of the next request is unknown
        return response


def _report_http_error(request: web.Request, error: web.HTTPException) -> ErrorReport:
    """Describes an HTTP exception of aiohttp or of a handler: unknown path, wrong method, body too large, not ready."""
    match error:
        case web.HTTPNotFound():
            message = f"there is nothing at {request.path}; for speech use POST /v1/audio/speech"
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            message = f"{request.path} does not support {request.method}; allowed: {allowed}"
        case _:
            message = error.text or error.reason
    kept = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After", "Upgrade")}
    return ErrorReport(error.status, message, HTTPStatus(error.status).name.lower(), headers=kept)
