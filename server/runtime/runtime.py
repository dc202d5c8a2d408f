"""Opens graphs on the configured execution providers."""

from collections.abc import Collection, Mapping
from pathlib import Path

from server.config import Precision, RuntimeSection, SchedulerSection
from server.runtime.cpu import available_cpus
from server.runtime.fallback import ProviderFallback
from server.runtime.precision import PrecisionChoice, choose_precision, require_exact
from server.runtime.providers import Providers, SessionFactory
from server.runtime.session import Session

MAX_THREADS = 4
"""Intra-op threads of one run: chunks are small, and other requests need the CPUs too."""

DEFAULT_MAX_BATCH = SchedulerSection().max_batch


class Runtime:
    """Every graph of a process is opened here, so that all of them fall back together."""

    def __init__(
        self, settings: RuntimeSection, factories: Mapping[str, SessionFactory] = {}, max_batch: int = DEFAULT_MAX_BATCH
    ) -> None:
        """`factories` replace those of single providers; `max_batch` is the most streams in one run.

        Raises `ConfigurationError` for a precision that is wrong on this CPU.
        """
        require_exact(settings.precision)
        self.settings = settings
        self.providers = ProviderFallback(settings, {**Providers(settings, max_batch).factories, **factories})

    @property
    def threads(self) -> int:
        """Intra-op threads of a graph that does not run step by step."""
        return self.settings.threads or min(available_cpus(), MAX_THREADS)

    @property
    def provider(self) -> str:
        """The active provider. Raises `DeviceError` if all have failed."""
        return self.providers.provider

    @property
    def fallback_reason(self) -> str | None:
        """Why a preferred provider is not used; None while the first one is active."""
        return self.providers.reason

    @property
    def failed_providers(self) -> Mapping[str, str]:
        """Providers that failed -> the reason; without those that onnxruntime was built without."""
        failures, missing = dict(self.providers.failures), set(self.providers.missing)
        return {name: reason for name, reason in failures.items() if name not in missing}

    def open(self, path: Path, *, variants: Mapping[Precision, Path] = {}, threads: int | None = None) -> Session:
        """A session for the graph in `path`. `threads=1` suits graphs that run step by step.

        `variants` are the same graph in other precisions; which one is used depends on the provider.
        """
        return Session(self.providers, {"fp32": path, **variants}, threads or self.threads)

    def precision(self, available: Collection[Precision]) -> PrecisionChoice:
        """The precision that the active provider uses, of the available ones, and why."""
        return choose_precision(self.provider, available, self.settings.precision)
