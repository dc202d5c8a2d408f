"""The tree of everything that can go wrong here.

Each message says what happened, where, and what to do; whoever shows it (command line, HTTP) adds nothing and never
prints a traceback for a `RequestError`, a `ConfigurationError` or a `VoiceError`.
"""

from collections.abc import Iterable
from reprlib import Repr

from pydantic_core import ErrorDetails


class SpeechError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigurationError(SpeechError, ValueError):
    """config.yaml or a command-line option cannot be used; nothing was started."""


class VoiceError(SpeechError):
    """A voice folder cannot be used: missing, damaged, or made by another version."""


class DeviceError(SpeechError, RuntimeError):
    """No execution provider could run a graph, the CPU included."""


class LostStateError(DeviceError):
    """States lay in the memory of a device that is gone; what led to them has to be computed again."""


class MissingProviderError(DeviceError):
    """The installed onnxruntime was built without this provider: a choice, not a failure."""


class SynthesisError(SpeechError, RuntimeError):
    """The model produced something that must not reach a listener, such as NaN."""


class ShutdownError(SpeechError):
    """The server is stopping: nothing new starts, and what runs is cut off."""


class BusyError(SpeechError):
    """One stream more would make those that run late. `retry_after` is a guess in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RequestError(SpeechError, ValueError):
    """What the caller asked for cannot be done. `param` names the field, `code` is for programs."""

    def __init__(self, message: str, *, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class NothingToSpeakError(RequestError):
    """A text contains nothing that can be spoken. `skipped` describes what was left out."""

    def __init__(self, skipped: Iterable[str] = ()) -> None:
        reasons = "; ".join(skipped)
        super().__init__(
            f"the text has nothing to speak{f' ({reasons})' if reasons else ''}; "
            "write at least one Chinese character, letter or digit",
            param="input",
            code="nothing_to_speak",
        )


class UnknownNameError(RequestError):
    """A voice, speaker, emotion or format that is not there; the message lists those that are."""

    def __init__(self, kind: str, name: str, valid: Iterable[str]) -> None:
        listed = ", ".join(valid) or "none"
        super().__init__(f"unknown {kind} {name!r}; valid: {listed}", param=kind, code=f"unknown_{kind}")


_EXPECTED = {
    "string_type": "text (in quotes if it looks like something else)",
    "string_too_short": "text of at least one character",
    "string_too_long": "text of at most {max_length} characters",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "above {gt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "one of {expected}",
    "tuple_type": "a list",
    "path_type": "a path",
    "model_type": "a section with keys",
    "value_error": "{error}",
}

_brief = Repr()
_brief.maxstring = _brief.maxother = 80


def validation_message(place: str, mistake: ErrorDetails) -> str:
    """One mistake that pydantic found at `place`, in words. A long value is shortened."""
    if mistake["type"] == "missing":
        return f"{place} is missing"
    shown = _brief.repr(mistake["input"])
    if mistake["type"] in _EXPECTED:
        return f"{place} must be {_EXPECTED[mistake['type']].format_map(mistake.get('ctx', {}))}, not {shown}"
    return f"{place}: {mistake['msg']}, not {shown}"
