"""Errors in the format of OpenAI's API, and the middleware that converts exceptions to them."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from aiohttp import web
from pydantic import Field

from server.errors import (
    AccessDeniedError,
    AuthenticationError,
    BusyError,
    JobConflictError,
    JobLimitError,
    MissingReferencesError,
    QuotaError,
    ReferenceLimitError,
    RequestError,
    ShutdownError,
    SpeechError,
    StalledError,
    StoreError,
    UnknownJobError,
    UnknownReferenceError,
    VoiceError,
    VoiceMemoryError,
)
from server.http.response_model import ResponseModel, model_response

_log = logging.getLogger(__name__)

_FIXED_CODES = {413: "request_entity_too_large"}
"""Status -> code, where Python 3.13 has another name for the status."""

_RETRY_LATER = {"Retry-After": "60"}
"""Of answers about what takes minutes to change."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ErrorType = Literal["invalid_request_error", "rate_limit_error", "server_error"]


class ErrorDetails(ResponseModel):
    """What went wrong, where, and what to do."""

    message: str = Field(description="For people: the problem and the remedy, with the valid values.")
    type: ErrorType = Field(description="The kind of error: of the request, of the rate of requests, of the server.")
    param: str | None = Field(description="The field of the request that is not valid, if it is one.")
    code: str = Field(description="For programs.")


class ErrorResponse(ResponseModel):
    """An error in the format of OpenAI's API."""

    error: ErrorDetails


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
    def body(self) -> ErrorResponse:
        """The error as OpenAI's API writes it."""
        kind: ErrorType = "invalid_request_error" if self.status < 500 else "server_error"
        kind = "rate_limit_error" if self.status == 429 else kind
        details = ErrorDetails(message=self.message, type=kind, param=self.param, code=self.code)
        return ErrorResponse(error=details)

    def response(self) -> web.Response:
        """The error as a response."""
        return model_response(self.body, self.status, self.headers)


def report_error(error: Exception) -> ErrorReport:
    """Returns what a client is told about an exception. The message of an unexpected one is not sent."""
    match error:
        case StoreError() | JobLimitError() | JobConflictError() | UnknownJobError():
            return _report_job_error(error)
        case RequestError():
            return ErrorReport(400, str(error), error.code, error.param)
        case VoiceError() | VoiceMemoryError():
            return _report_voice_error(error)
        case BusyError():
            return ErrorReport(429, str(error), error.code, headers={"Retry-After": str(error.retry_after)})
        case AuthenticationError() | AccessDeniedError() | QuotaError():
            return _report_access_error(error)
        case ShutdownError():
            return ErrorReport(503, str(error), "shutting_down", headers={"Retry-After": "5"})
        case StalledError():
            return ErrorReport(408, str(error), "client_stalled")
        case SpeechError():
            return _report_other_error(error)
        case web.RequestPayloadError():
            return ErrorReport(400, f"the body does not match its headers: {error}", "unreadable_body")
    return ErrorReport(500, "an internal error occurred; the log of the server has the details", "internal_error")


def _report_voice_error(error: VoiceError | VoiceMemoryError) -> ErrorReport:
    if isinstance(error, VoiceError):
        return ErrorReport(503, str(error), "broken_voice", "voice")
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return ErrorReport(503, str(error), "voice_not_loaded", "voice", headers)


def _report_access_error(error: AuthenticationError | AccessDeniedError | QuotaError) -> ErrorReport:
    match error:
        case AuthenticationError():
            return ErrorReport(401, str(error), "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        case AccessDeniedError():
            return ErrorReport(403, str(error), error.code)
    # OpenAI's clients repeat a request with status 429, unless they are told that it is of no use.
    headers = {"Retry-After": str(error.retry_after), "X-Should-Retry": "false"}
    return ErrorReport(429, str(error), "insufficient_quota", headers=headers)


def _report_job_error(error: SpeechError) -> ErrorReport:
    match error:
        case StoreError(is_full=True):
            return ErrorReport(507, str(error), "storage_full", headers=_RETRY_LATER)
        case StoreError():
            return ErrorReport(503, str(error), "storage_unavailable", headers=_RETRY_LATER)
        case JobLimitError():
            return ErrorReport(429, str(error), "too_many_jobs", headers=_RETRY_LATER)
        case UnknownJobError():
            return ErrorReport(404, str(error), "job_not_found")
    return ErrorReport(409, str(error), "idempotency_key_reused")


def _report_other_error(error: SpeechError) -> ErrorReport:
    match error:
        case ReferenceLimitError():
            return ErrorReport(409, str(error), "too_many_references")
        case UnknownReferenceError():
            return ErrorReport(404, str(error), "reference_not_found")
        case MissingReferencesError():
            return ErrorReport(503, str(error), "references_missing")
    return ErrorReport(500, str(error), "synthesis_failed")


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
            _log.exception("%s %s failed", request.method, request.rel_url.raw_path)
        elif report.status == 500:
            _log.error("%s %s failed: %s", request.method, request.rel_url.raw_path, error)
        response = report.response()
        if isinstance(error, web.RequestPayloadError):
            response.force_close()  # the start of the next request is unknown
        return response


def _report_http_error(request: web.Request, error: web.HTTPException) -> ErrorReport:
    """Describes an HTTP exception of aiohttp or of a handler: unknown path, wrong method, body too large, not ready."""
    match error:
        case web.HTTPNotFound():
            message = f"there is nothing at {request.path[:200]}; for speech use POST /v1/audio/speech"
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            message = f"{request.path[:200]} does not support {request.method}; allowed: {allowed}"
        case _:
            message = error.text or error.reason
    kept = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After", "Upgrade")}
    code = _FIXED_CODES.get(error.status) or HTTPStatus(error.status).name.lower()
    return ErrorReport(error.status, message, code, headers=kept)
