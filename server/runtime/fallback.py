"""Chooses the execution provider: the first in the configured order that works, with the reasons why others do not.

When a provider cannot open a graph, or fails in the run of a single stream (`session.py` repeats that run), it is
abandoned for the rest of the process and the next one in the order takes over. The last one is never abandoned.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from server.config import Precision, RuntimeSection
from server.errors import DeviceError, MissingProviderError, VoiceError
from server.runtime.precision import choose_precision
from server.runtime.providers import SessionFactory

log = logging.getLogger(__name__)

DEVICE_ERRORS = (
    RuntimeError,  # what onnxruntime does not wrap, such as a library that is missing from CUDA_PATH
    *(
        getattr(ort_errors, name)
        for name in ("Fail", "EPFail", "RuntimeException", "NotImplemented", "DeviceReset")
        if hasattr(ort_errors, name)  # older versions, such as the last one for CUDA 12, define fewer
    ),
)
"""Raised by a failing device. InvalidArgument and the like are bugs of the caller and are not caught."""


@dataclass
class ProviderFallback:
    """The providers in their configured order, and those that have failed."""

    settings: RuntimeSection
    factories: Mapping[str, SessionFactory]
    """By provider name."""
    failures: dict[str, str] = field(default_factory=dict)
    """Providers that are no longer used -> the reason."""
    missing: set[str] = field(default_factory=set)
    """Those of `failures` that onnxruntime was built without: nothing is wrong."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def provider(self) -> str:
        """The active provider. Raises `DeviceError` if all have failed."""
        for name in self.settings.providers:
            if name not in self.failures:
                return name
        raise DeviceError(f"no execution provider works here ({self.reason})")

    @property
    def reason(self) -> str | None:
        """Why a preferred provider is not used; None while the first one is active."""
        return "; ".join(f"{name}: {reason}" for name, reason in self.failures.items()) or None

    def is_last(self, provider: str) -> bool:
        """Whether no other provider is left to fall back to."""
        return all(name == provider or name in self.failures for name in self.settings.providers)

    def create_session(self, files: Mapping[Precision, Path], threads: int) -> tuple[str, ort.InferenceSession]:
        """Opens a graph on the best provider that can, in the precision for it. Returns the provider's name as well.

        Raises `DeviceError` when no provider is left, `VoiceError` for a file that is not a valid graph.
        """
        while True:
            name = self.provider
            precision = choose_precision(name, files, self.settings.precision).precision
            path = files.get(precision, files["fp32"])  # not every graph has a variant in a forced precision
            try:
                return name, self.factories[name](path, threads)
            except MissingProviderError as error:
                self.missing.add(name)
                self.abandon(name, str(error), logging.INFO)
            except DeviceError as error:
                self.abandon(name, str(error))
            except Exception as error:  # noqa: BLE001 - onnxruntime raises many unrelated classes for an invalid file
                if self.is_last(name) or not isinstance(error, DEVICE_ERRORS):
                    raise VoiceError(f"{path} cannot be loaded: {brief_message(error)}") from None
                self.abandon(name, brief_message(error))

    def abandon(self, provider: str, reason: str, level: int = logging.WARNING) -> None:
        """Stops using `provider` for the rest of the process."""
        with self._lock:
            if provider not in self.failures:
                self.failures[provider] = reason
                log.log(level, "provider %s is not used: %s", provider, reason)


def brief_message(error: Exception) -> str:
    """The message on one line, at most 300 characters."""
    return " ".join(str(error).split())[:300]
