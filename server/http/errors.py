"""The error middleware: converts exceptions to responses in the error format of OpenAI's API."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from aiohttp import web

from server.errors import BusyError, RequestError, ShutdownError, SpeechError, VoiceError

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Runs the handler and converts exceptions to JSON responses; logs server errors."""
    try:
        return await handler(request)
    except RequestError as error:
        return error_response(400, str(error), param=error.param, code=error.code)
    except VoiceError as error:
        return error_response(503, str(error), param="voice", code="broken_voice")
    except BusyError as error:
        return error_response(429, str(error), code="too_many_streams", headers={"Retry-After": str(error.retry_after)})
    except ShutdownError as error:
        return error_response(503, str(error), code="shutting_down", headers={"Retry-After": "5"})
    except SpeechError as error:
        _log.error("%s %s failed: %s", request.method, request.path, error)
        return error_response(500, str(error), code="synthesis_failed")
    except web.HTTPException as error:
        return _http_error_response(request, error)
    except web.RequestPayloadError as error:
        response = error_response(400, f"the body does not match its headers: {error}", code="unreadable_body")
        response.force_close()  # the start of the next request is unknown
        return response
    except ConnectionError:
        raise  # the client has disconnected
    except Exception:  # noqa: BLE001  logged, and answered with a 500
        _log.exception("%s %s failed", request.method, request.path)
        message = "an internal error occurred; the log of the server has the details"
        return error_response(500, message, code="internal_error")


def error_response(
    status: int, message: str, *, code: str, param: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Returns an error response in the format of OpenAI's API."""
    error_type = "rate_limit_error" if status == 429 else "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": error_type, "param": param, "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)


def _http_error_response(request: web.Request, error: web.HTTPException) -> web.Response:
    """Converts an HTTP exception of aiohttp or of a handler: unknown path, wrong method, body too large, not ready."""
    match error:
        case web.HTTPNotFound():
            message = f"there is nothing at {request.path}; for speech use POST /v1/audio/speech"
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            message = f"{request.path} does not support {request.method}; allowed: {allowed}"
        case _:
            message = error.text or error.reason
    kept = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After", "Upgrade")}
    code = HTTPStatus(error.status).name.lower()
    return error_response(error.status, message, code=code, headers=kept)
