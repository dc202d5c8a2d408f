"""Errors in the protocol's terms: the code and the message of `task-failed`, and how the connection is closed."""

import logging
from dataclasses import dataclass

from aiohttp import WSCloseCode

from server.errors import BusyError, RequestError, ShutdownError, SpeechError, VoiceError, VoiceMemoryError
from server.logs.exceptions import summary

_log = logging.getLogger(__name__)

MAX_REASON_BYTES = 123
"""Of the reason in a close frame (RFC 6455, section 5.5)."""


class IdleError(SpeechError):
    """A task got no text for too long."""


class UnknownModelError(RequestError):
    """The model of a task names no voice; the message lists the valid names."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a client is told about a task that failed."""

    code: str
    """As the cloud names it: `InvalidParameter`, `Throttling.RateQuota` ..."""
    message: str
    close_code: int

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """The failure for an error; what is not a mistake of the client is logged."""
        match error:
            case UnknownModelError():
                return cls("ModelNotFound", str(error), WSCloseCode.POLICY_VIOLATION)
            case RequestError():
                return cls("InvalidParameter", str(error), WSCloseCode.POLICY_VIOLATION)
            case IdleError():
                return cls("RequestTimeOut", str(error), WSCloseCode.POLICY_VIOLATION)
            case BusyError():
                message = f"{error} (in {error.retry_after} s)"
                return cls("Throttling.RateQuota", message, WSCloseCode.TRY_AGAIN_LATER)
            case VoiceMemoryError():
                return cls("InternalError", str(error), WSCloseCode.TRY_AGAIN_LATER)
            case ShutdownError():
                return cls("InternalError", str(error), WSCloseCode.GOING_AWAY)
            case VoiceError():
                return cls("InternalError", str(error), WSCloseCode.INTERNAL_ERROR)
            case SpeechError():
                _log.error("a task failed: %s", error)
                return cls("InternalError", str(error), WSCloseCode.INTERNAL_ERROR)
        _log.error("a task failed: %s", summary(error), exc_info=error)
        message = "an internal error occurred; the log of the server has the details"
        return cls("InternalError", message, WSCloseCode.INTERNAL_ERROR)

    @property
    def reason(self) -> bytes:
        """For the close frame: the code and as much of the message as fits."""
        return close_reason(f"{self.code}: {self.message}")


def close_reason(text: str) -> bytes:
    """The text in UTF-8, cut between two characters where it is too long for a close frame."""
    return text.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore").encode()
