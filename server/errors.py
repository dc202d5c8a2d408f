"""The exceptions of this project, and the wording of validation errors.

Each message names the problem, its place and the remedy. The command line and the HTTP API show it as it is, without a
traceback.
"""

from collections.abc import Iterable
from reprlib import Repr

from pydantic_core import ErrorDetails


class SpeechError(Exception):
    """Base class of all errors that this project raises deliberately."""


class ConfigurationError(SpeechError, ValueError):
    """config.yaml or a command-line option is not valid; nothing was started."""


class VoiceError(SpeechError):
    """A voice folder is missing, damaged, or converted for another version."""


class DeviceError(SpeechError, RuntimeError):
    """No execution provider could run a graph, the CPU included, or a batch of several streams failed on one."""


class LostStateError(DeviceError):
    """Model states were lost with the memory of a failed device; the steps before them must be computed again."""


class MissingProviderError(DeviceError):
    """The installed onnxruntime was built without this execution provider. Expected on a CPU build, not a failure."""


class SynthesisError(SpeechError, RuntimeError):
    """A model produced invalid output, such as NaN; it must not be sent."""


class WorkerError(SpeechError, RuntimeError):
    """The threads that compute have failed so often that the process has to be started again."""


class ShutdownError(SpeechError):
    """The server is shutting down: new requests are refused, running streams are cut off."""

    def __init__(self, message: str = "the server is stopping; send the request again when it is back") -> None:
        super().__init__(message)


class VoiceMemoryError(SpeechError):
    """A voice is not in memory, and there is no room for it. `retry_after` is in whole seconds, None if never."""

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BusyError(SpeechError):
    """The server, or a client's own limit, leaves no place. `retry_after` is an estimate in whole seconds."""

    def __init__(self, message: str, *, retry_after: int, code: str = "too_many_streams") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code


class StalledError(SpeechError):
    """A client did not read its stream for too long, which ended it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the client did not read for {seconds:g} seconds (limits.stall_limit in config.yaml)")


class StoreError(SpeechError, RuntimeError):
    """What the server keeps cannot be written or read: a full or read-only disk, a database that is away.

    `is_full`: there is no space left.
    """

    def __init__(self, message: str, *, is_full: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full


class UnknownJobError(SpeechError):
    """A client has no job with this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}; GET /v1/audio/jobs lists them")


class JobLimitError(SpeechError):
    """A client has too many unfinished jobs, or too many characters in them."""


class JobConflictError(SpeechError):
    """An idempotency key was used for another request before."""


class MissingReferencesError(SpeechError):
    """The libraries for recordings as references are not installed. `code` is for programs."""

    code = "references_missing"

    def __init__(self, reason: ImportError) -> None:
        super().__init__(f"recordings need libraries that are not installed ({reason}): pip install '.[references]'")


class ReferenceLimitError(SpeechError):
    """A client keeps too many references, or too many bytes of them."""


class UnknownReferenceError(SpeechError):
    """A client has no reference with this id."""

    def __init__(self, reference_id: str) -> None:
        super().__init__(f"there is no reference {reference_id[:100]!r}; GET /v1/audio/references lists yours")


class AuthenticationError(SpeechError):
    """A request needs a key, and has none or one that is not known, was revoked or has expired."""


class AccessDeniedError(SpeechError):
    """The key of a request does not allow it. `code` is for programs."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class QuotaError(SpeechError):
    """The characters that a key allows for a day are used up. `retry_after` is the rest of the day, in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RequestError(SpeechError, ValueError):
    """A request is not valid. `param` is the name of the field, `code` is for programs."""

    def __init__(self, message: str, *, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class NothingToSpeakError(RequestError):
    """A text contains nothing that can be spoken. `skipped` describes what was left out."""

    def __init__(self, skipped: Iterable[str] = ()) -> None:
        self.skipped = tuple(skipped)
        reasons = "; ".join(self.skipped)
        super().__init__(
            f"the text has nothing to speak{f' ({reasons})' if reasons else ''}; "
            "write at least one Chinese character, letter or digit",
            param="input",
            code="nothing_to_speak",
        )


class UnknownNameError(RequestError):
    """A voice, speaker, emotion or format does not exist; the message lists the valid names."""

    def __init__(self, kind: str, name: str, valid: Iterable[str]) -> None:
        listed = ", ".join(valid) or "none"
        super().__init__(f"unknown {kind} {name!r}; valid: {listed}", param=kind, code=f"unknown_{kind}")


_EXPECTED = {
    "string_type": "text (in quotes if it looks like something else)",
    "string_too_short": "text of at least one character",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:.12g}",
    "greater_than": "above {gt:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "literal_error": "one of {expected}",
    "tuple_type": "a list",
    "path_type": "a path",
    "model_type": "a section with keys",
    "value_error": "{error}",
}
"""Error type of pydantic -> the valid values; placeholders are filled from the error's context."""

_shortened = Repr()
_shortened.maxstring = _shortened.maxother = 80


def validation_message(location: str, details: ErrorDetails, *, shows_value: bool = True) -> str:
    """Returns one validation error as `server.port must be a whole number, not 1.5`. Long values are shortened.

    A message that does not show the value is for secrets.
    """
    if details["type"] == "missing":
        return f"{location} is missing"
    value = f", not {_shortened.repr(details['input'])}" if shows_value else ""
    if details["type"] in _EXPECTED:
        return f"{location} must be {_EXPECTED[details['type']].format_map(details.get('ctx', {}))}{value}"
    return f"{location}: {details['msg']}{value}"
