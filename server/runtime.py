"""Runs graphs: sessions, and the way back to the CPU. Only this and `providers` import onnxruntime.

A provider is trusted only as long as its runs succeed. When one fails, at the first run or in the middle of a stream,
the same run is repeated on the next provider of the configured order, and that one is used from then on. Between two
chunks of a stream its states are plain arrays in host memory; those that stay on a device meanwhile can be lost with
it, and the chunk is computed again.
"""

import json
import logging
import threading
import time
import weakref
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from server.config import Precision, RuntimeSection, SchedulerSection
from server.cpus import available_cpus
from server.errors import DeviceError, LostStateError, MissingProviderError, VoiceError
from server.memory import release
from server.precision import Choice, choose
from server.providers import Opener, Providers, suited
from server.rows import Array, Whole, fetched

log = logging.getLogger(__name__)

Arrays = Mapping[str, Array]

MOST_THREADS = 4
"""For one computation: chunks are small, and other requests want the CPUs too."""

_DEVICE_ERRORS = (
    RuntimeError,  # what onnxruntime leaves to the language, such as a library that CUDA_PATH does not lead to
    *(
        getattr(ort_errors, name)
        for name in ("Fail", "EPFail", "RuntimeException", "NotImplemented", "DeviceReset")
        if hasattr(ort_errors, name)  # older versions, such as the last one for CUDA 12, know fewer
    ),
)
"""What a failing device raises; InvalidArgument and the like are mistakes of ours and stay as they are."""

DEVICES = {"CUDAExecutionProvider": "cuda", "TensorrtExecutionProvider": "cuda"}
"""ONNX Runtime's name of a provider -> where its outputs can stay; in host memory with all others."""


@dataclass
class Runtime:
    """The providers in their configured order, and what has become of them."""

    settings: RuntimeSection
    openers: Mapping[str, Opener] = field(default_factory=dict)
    """By provider; the real ones unless given."""
    failures: dict[str, str] = field(default_factory=dict)
    """Providers that are no longer used, and why."""
    most_streams: int = SchedulerSection().max_batch
    """That may share a run."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self.openers = {**Providers(self.settings, self.most_streams).openers, **self.openers}

    @property
    def threads(self) -> int:
        return self.settings.threads or min(available_cpus(), MOST_THREADS)

    @property
    def provider(self) -> str:
        """The provider in use. Raises `DeviceError` if all have failed."""
        for name in self.settings.providers:
            if name not in self.failures:
                return name
        reasons = "; ".join(f"{name}: {reason}" for name, reason in self.failures.items())
        raise DeviceError(f"no execution provider works here ({reasons})")

    @property
    def fallback(self) -> str | None:
        """Why a provider that was preferred is not used; None if the first one works."""
        return "; ".join(f"{name}: {reason}" for name, reason in self.failures.items()) or None

    def open(
        self, path: Path, *, variants: Mapping[Precision, Path] | None = None, threads: int | None = None
    ) -> "Session":
        """A graph, ready to run. `threads=1` suits graphs that run step by step.

        `variants` are the same graph in other precisions; which one is used depends on the provider.
        """
        session = Session(self, {"fp32": path, **(variants or {})}, threads or self.threads)
        self._sessions.add(session)
        return session

    def choice(self, there: Collection[Precision]) -> Choice:
        """The precision that is used on the provider in use, of those that are there, and why."""
        return choose(self.provider, there, self.settings.precision)

    def unload_idle(self) -> int:
        """Closes the graphs that have not run for the configured time, and says how many; a run opens them again."""
        limit = self.settings.unload_after
        closed = sum(session.close_if_idle(limit) for session in list(self._sessions)) if limit else 0
        if closed:
            release()
            log.info("%d graphs that were not used for %g s are unloaded", closed, limit)
        return closed

    def is_last(self, provider: str) -> bool:
        """Whether there is no other provider to turn to."""
        return all(name == provider or name in self.failures for name in self.settings.providers)

    def start(self, files: Mapping[Precision, Path], threads: int) -> tuple[str, ort.InferenceSession]:
        """The graph on the best provider that can open it, in the precision for that, and the provider's name."""
        while True:
            name = self.provider
            precision = choose(name, files, self.settings.precision).precision
            path = files.get(precision, files["fp32"])  # a forced precision need not exist for every graph
            try:
                return name, self.openers[name](path, threads)
            except MissingProviderError as error:
                self.give_up(name, str(error), logging.INFO)
            except DeviceError as error:
                self.give_up(name, str(error))
            except _DEVICE_ERRORS as error:
                if self.is_last(name):
                    raise VoiceError(f"{path} cannot be loaded: {_brief(error)}") from None
                self.give_up(name, _brief(error))
            except Exception as error:  # onnxruntime raises a dozen unrelated classes for a file that is no graph
                raise VoiceError(f"{path} cannot be loaded: {_brief(error)}") from None

    def give_up(self, provider: str, reason: str, level: int = logging.WARNING) -> None:
        """Never uses `provider` again in this process."""
        with self._lock:
            if provider not in self.failures:
                self.failures[provider] = reason
                log.log(level, "provider %s is not used: %s", provider, reason)


class DeviceArray:
    """An output that stayed in the memory of the device."""

    def __init__(self, content: ort.OrtValue, engine: ort.InferenceSession) -> None:
        self.content = content
        self.engine = engine
        """Whose memory it is: a graph that was opened anew cannot read it."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.content.shape())

    def fetch(self) -> Array:
        """A copy in host memory. Raises `LostStateError` when the device is gone."""
        try:
            host: Array = self.content.numpy()
            return host
        except _DEVICE_ERRORS as error:
            raise LostStateError(f"a state is lost with its device: {_brief(error)}") from None


class Session:
    """One graph. Describes itself: its facts, and its states, each `state.x` paired with a `next_state.x`."""

    def __init__(self, runtime: Runtime, files: Mapping[Precision, Path], threads: int) -> None:
        self.path = files["fp32"]
        self._files = files
        self._runtime = runtime
        self._threads = threads
        self._opening = threading.Lock()
        self._used = time.monotonic()
        self._stamps = [_stamp(path) for path in files.values()]
        self._provider, engine = runtime.start(files, threads)
        self._engine: ort.InferenceSession | None = engine
        self.inputs = [item.name for item in engine.get_inputs()]
        self.outputs = [item.name for item in engine.get_outputs()]
        self.batch_axes = {
            item.name: item.shape.index("batch") if "batch" in item.shape else None
            for item in (*engine.get_inputs(), *engine.get_outputs())
        }
        """By input and output: the axis along which a run may hold several streams, None for what they share."""
        self.facts = {key: json.loads(value) for key, value in engine.get_modelmeta().custom_metadata_map.items()}

    def initial_state(self, **sizes: int) -> dict[str, Array]:
        """Zeros for every state; `sizes` fills in the axes that the graph leaves open, `batch` is 1."""
        sizes = {"batch": 1} | sizes
        shapes: dict[str, list[int | str]] = self.facts["initial_state"]
        return {
            name: np.zeros([sizes[axis] if isinstance(axis, str) else axis for axis in shape], np.float32)
            for name, shape in shapes.items()
        }

    def run(self, inputs: Mapping[str, Whole], *, keep: bool = False) -> Mapping[str, Whole]:
        """One run; every output by its name. `keep` leaves states on the device, as `Resident`.

        Raises `DeviceError` when no provider is left that can do it, or a batch was too much for one; `LostStateError`
        when states lay on a device that is gone.
        """
        while True:
            provider, engine = self._ready()
            try:
                if provider == "cpu":
                    arrays = {name: fetched(value) for name, value in inputs.items()}
                    return dict(zip(self.outputs, engine.run(self.outputs, arrays), strict=True))
                return self._run_bound(engine, inputs, keep)
            except LostStateError:
                raise
            except _DEVICE_ERRORS as error:
                reason = f"{self.path.name} failed: {_brief(error)}"
                # The last one is never given up, since the next request may fare better; a batch may fit one by one.
                if self._runtime.is_last(provider) or self._rows(inputs) > 1:
                    raise DeviceError(f"{provider}: {reason}") from None
                self._runtime.give_up(provider, reason)

    def _run_bound(self, engine: ort.InferenceSession, inputs: Mapping[str, Whole], keep: bool) -> dict[str, Whole]:
        """On a device: what lies there already is not copied, nor are states that stay."""
        engine = suited(engine, {name: value.shape for name, value in inputs.items()})
        device = DEVICES.get(engine.get_providers()[0], "cpu")
        binding = engine.io_binding()
        for name, value in inputs.items():
            if isinstance(value, DeviceArray) and value.engine is engine:
                binding.bind_ortvalue_input(name, value.content)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(fetched(value)))
        stay = {name for name in self.outputs if keep and name.startswith("next_")}
        for name in self.outputs:
            if name in stay:
                binding.bind_output(name, device, self._runtime.settings.device_id)
            else:
                binding.bind_output(name)
        engine.run_with_iobinding(binding)
        contents = dict(zip(self.outputs, binding.get_outputs(), strict=True))
        return {name: DeviceArray(one, engine) if name in stay else one.numpy() for name, one in contents.items()}

    def _rows(self, inputs: Mapping[str, Whole]) -> int:
        """How many streams a run is for."""
        axes = ((name, self.batch_axes.get(name)) for name in inputs)
        return max((inputs[name].shape[axis] for name, axis in axes if axis is not None), default=1)

    def close_if_idle(self, seconds: float) -> bool:
        """Closes a graph that has not run for so long; a run that begins meanwhile keeps what it holds."""
        with self._opening:
            if self._engine is None or time.monotonic() - self._used < seconds:
                return False
            self._engine = None
            return True

    def _ready(self) -> tuple[str, ort.InferenceSession]:
        """The open graph, opened anew where its provider failed or it was idle for long.

        Raises `VoiceError` when the file is no longer the one that the voice was loaded from.
        """
        self._used = time.monotonic()
        provider, engine = self._provider, self._engine
        if engine is not None and provider not in self._runtime.failures:
            return provider, engine
        with self._opening:
            if self._engine is None or self._provider in self._runtime.failures:
                if [_stamp(path) for path in self._files.values()] != self._stamps:
                    raise VoiceError(f"{self.path} has changed since the voice was loaded; start the server again")
                self._provider, self._engine = self._runtime.start(self._files, self._threads)
            return self._provider, self._engine


def _stamp(path: Path) -> tuple[int, int] | None:
    """Changes with the file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
