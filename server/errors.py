"""The exceptions of this project.

Each message names the problem, its place and the remedy. The command line and the HTTP API show it as it is, without a
traceback.
"""

from collections.abc import Iterable


class SpeechError(Exception):
    """Base class of all errors that this project raises deliberately."""


class ConfigurationError(SpeechError, ValueError):
    """config.yaml or a command-line option is not valid; nothing was started."""


class VoiceError(SpeechError):
    """A voice folder is missing, damaged, or converted for another version."""


class DeviceError(SpeechError, RuntimeError):
    """No execution provider could run a graph, the CPU included."""


class LostStateError(DeviceError):
    """Model states were lost with the memory of a failed device; the steps before them must be computed again."""


class MissingProviderError(DeviceError):
    """The installed onnxruntime was built without this execution provider. Expected on a CPU build, not a failure."""


class SynthesisError(SpeechError, RuntimeError):
    """A model produced invalid output, such as NaN; it must not be sent."""


class ShutdownError(SpeechError):
    """The server is shutting down: new requests are refused, running streams are cut off."""


class BusyError(SpeechError):
    """The server is at capacity. `retry_after` is an estimate in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RequestError(SpeechError, ValueError):
    """A request is not valid. `param` is the name of the field, `code` is for programs."""

    def __init__(self, message: str, *, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class UnknownNameError(RequestError):
    """A voice, speaker, emotion or format does not exist; the message lists the valid names."""

    def __init__(self, kind: str, name: str, valid: Iterable[str]) -> None:
        listed = ", ".join(valid) or "none"
        super().__init__(f"unknown {kind} {name!r}; valid: {listed}", param=kind, code=f"unknown_{kind}")
