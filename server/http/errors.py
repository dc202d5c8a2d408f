"""Every error becomes an answer here and nowhere else: the status, and OpenAI's shape of a body."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from aiohttp import web

from server.errors import BusyError, RequestError, ShutdownError, SpeechError, VoiceError

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Runs the handler; whatever it raises, the client gets JSON without a traceback, and the log what is needed."""
    try:
        return await handler(request)
    except RequestError as error:
        return answer(400, str(error), param=error.param, code=error.code)
    except VoiceError as error:
        return answer(503, str(error), param="voice", code="broken_voice")
    except BusyError as error:
        return answer(429, str(error), code="too_many_streams", headers={"Retry-After": str(error.retry_after)})
    except ShutdownError as error:
        return answer(503, str(error), code="shutting_down", headers={"Retry-After": "5"})
    except SpeechError as error:
        _log.error("%s %s failed: %s", request.method, request.path, error)
        return answer(500, str(error), code="synthesis_failed")
    except web.HTTPException as error:
        return _answer_http(request, error)
    except web.RequestPayloadError as error:
        refusal = answer(400, f"the body is not what its headers say: {error}", code="unreadable_body")
        refusal.force_close()  # where the next request would begin is unknown
        return refusal
    except ConnectionError:
        raise  # the client has gone: there is nobody to answer
    except Exception:
        _log.exception("%s %s failed", request.method, request.path)
        return answer(500, "something unexpected went wrong; the server's log says what", code="internal_error")


def answer(
    status: int, message: str, *, code: str, param: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """One error as OpenAI's clients expect it."""
    kind = "rate_limit_error" if status == 429 else "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)


def _answer_http(request: web.Request, error: web.HTTPException) -> web.Response:
    """What aiohttp itself refuses (no such path, wrong method, body too large), or a handler in its terms."""
    match error:
        case web.HTTPNotFound():
            message = f"there is nothing at {request.path}; speech is at POST /v1/audio/speech"
        case web.HTTPMethodNotAllowed():
            message = (
                f"{request.path} does not take {request.method}; allowed: {', '.join(sorted(error.allowed_methods))}"
            )
        case _:
            message = error.text or error.reason
    kept = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After")}
    code = HTTPStatus(error.status).name.lower()
    return answer(error.status, message, code=code, headers=kept)
