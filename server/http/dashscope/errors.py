"""Errors in the protocol's terms: the code and the message of `task-failed`, and how the connection is closed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import WSCloseCode

from server.errors import (
    AccessDeniedError,
    AuthenticationError,
    BusyError,
    QuotaError,
    RequestError,
    ShutdownError,
    SpeechError,
    StalledError,
    VoiceError,
    VoiceMemoryError,
)
from server.logs.exceptions import summary

_log = logging.getLogger(__name__)

MAX_REASON_BYTES = 123
"""Of the reason in a close frame (RFC 6455, section 5.5)."""


class IdleError(SpeechError):
    """A task got no text for too long."""


class UnknownModelError(RequestError):
    """The model of a task names no voice; the message lists the valid names."""


_EXPECTED: Sequence[tuple[type[SpeechError], str, int]] = (
    (UnknownModelError, "ModelNotFound", WSCloseCode.POLICY_VIOLATION),
    (RequestError, "InvalidParameter", WSCloseCode.POLICY_VIOLATION),
    (AuthenticationError, "InvalidApiKey", WSCloseCode.POLICY_VIOLATION),
    (AccessDeniedError, "AccessDenied", WSCloseCode.POLICY_VIOLATION),
    (IdleError, "RequestTimeOut", WSCloseCode.POLICY_VIOLATION),
    (BusyError, "Throttling.RateQuota", WSCloseCode.TRY_AGAIN_LATER),
    (StalledError, "RequestTimeOut", WSCloseCode.POLICY_VIOLATION),
    (QuotaError, "Throttling.AllocationQuota", WSCloseCode.TRY_AGAIN_LATER),
    (VoiceMemoryError, "InternalError", WSCloseCode.TRY_AGAIN_LATER),
    (ShutdownError, "InternalError", WSCloseCode.GOING_AWAY),
    (VoiceError, "InternalError", WSCloseCode.INTERNAL_ERROR),
)
"""What needs no line in the log: the code and how the connection is closed. The first one that fits counts."""


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
        for kind, code, close_code in _EXPECTED:
            if isinstance(error, kind):
                retry = f" (in {error.retry_after} s)" if isinstance(error, BusyError | QuotaError) else ""
                return cls(code, f"{error}{retry}", close_code)
        if isinstance(error, SpeechError):
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
