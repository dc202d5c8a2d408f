"""One graph, run on the active provider; a run that fails on its device is repeated on the next provider.

Between two chunks of a stream all states are arrays in host memory. Those that stay on a device within a chunk can be
lost with it; the chunk is then computed again.
"""

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort

from server.config import Precision
from server.errors import DeviceError, LostStateError, VoiceError
from server.runtime.fallback import DEVICE_ERRORS, ProviderFallback, brief_message
from server.runtime.providers import ProfiledSession
from server.runtime.tensors import Array, BatchTensor, to_host

DEVICES = {"CUDAExecutionProvider": "cuda", "TensorrtExecutionProvider": "cuda"}
"""ONNX Runtime's provider name -> the device that can hold its outputs; host memory for all others."""


class OrtDeviceTensor:
    """An output that stayed in device memory: a `DeviceTensor`."""

    def __init__(self, value: ort.OrtValue, session: ort.InferenceSession) -> None:
        self.value = value
        self.session = session
        """The owner of the memory: a session that was opened anew cannot read it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""
        return tuple(self.value.shape())

    def to_host(self) -> Array:
        """A copy in host memory. Raises `LostStateError` when the device is gone."""
        try:
            return np.asarray(self.value.numpy())
        except DEVICE_ERRORS as error:
            raise LostStateError(f"a state is lost with its device: {brief_message(error)}") from None


class Session:
    """One graph. Metadata, state names and batch axes are read from the graph itself."""

    def __init__(self, providers: ProviderFallback, files: Mapping[Precision, Path], threads: int) -> None:
        self.path = files["fp32"]
        self._files = files
        self._providers = providers
        self._threads = threads
        self._open_lock = threading.Lock()
        self._last_run = time.monotonic()
        self._file_stamps = [_file_stamp(path) for path in files.values()]
        self._provider, session = providers.create_session(files, threads)
        self._session: ort.InferenceSession | None = session
        self.inputs = [item.name for item in session.get_inputs()]
        self.outputs = [item.name for item in session.get_outputs()]
        self.batch_axes = {
            item.name: item.shape.index("batch") if "batch" in item.shape else None
            for item in (*session.get_inputs(), *session.get_outputs())
        }
        """Input or output name -> the axis of its streams, None for what all streams of a run share."""
        self.next_states = {name: f"next_{name}" for name in self.inputs if name.startswith("state.")}
        """State input -> the output with its value for the next run."""
        self.metadata = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}

    def initial_state(self, **sizes: int) -> dict[str, Array]:
        """Zeros for every state; `sizes` fills in the open axes of the graph, `batch` is 1."""
        sizes = {"batch": 1} | sizes
        shapes: dict[str, list[int | str]] = self.metadata["initial_state"]
        return {
            name: np.zeros([sizes[axis] if isinstance(axis, str) else axis for axis in shape], np.float32)
            for name, shape in shapes.items()
        }

    def run(self, inputs: Mapping[str, BatchTensor], *, keep_states: bool = False) -> Mapping[str, BatchTensor]:
        """One run; every output by its name. `keep_states` leaves next states on the device, as `DeviceTensor`s.

        Raises `DeviceError` when no provider is left that can run it, or a batch was too large for one;
        `LostStateError` when input states were on a device that is gone.
        """
        while True:
            provider, session = self._current_session()
            try:
                if provider == "cpu":
                    arrays = {name: to_host(value) for name, value in inputs.items()}
                    return dict(zip(self.outputs, session.run(self.outputs, arrays), strict=True))
                return self._run_on_device(session, inputs, keep_states)
            except LostStateError:
                raise
            except DEVICE_ERRORS as error:
                reason = f"{self.path.name} failed: {brief_message(error)}"
                # The last provider is never abandoned: the next request may succeed. A batch may fit row by row.
                if self._providers.is_last(provider) or self._batch_size(inputs) > 1:
                    raise DeviceError(f"{provider}: {reason}") from None
                self._providers.abandon(provider, reason)

    def _run_on_device(
        self, session: ort.InferenceSession, inputs: Mapping[str, BatchTensor], keep_states: bool
    ) -> dict[str, BatchTensor]:
        """With I/O binding: neither inputs that are on the device already nor states that stay there are copied."""
        if isinstance(session, ProfiledSession):
            session = session.session_for_shapes({name: value.shape for name, value in inputs.items()})
        device = DEVICES.get(session.get_providers()[0], "cpu"), self._providers.settings.device_id
        binding = session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, OrtDeviceTensor) and value.session is session:
                binding.bind_ortvalue_input(name, value.value)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(to_host(value)))
        kept = set(self.next_states.values()) if keep_states else set()
        for name in self.outputs:
            binding.bind_output(name, *(device if name in kept else ()))
        session.run_with_iobinding(binding)
        values = dict(zip(self.outputs, binding.get_outputs(), strict=True))
        return {
            name: OrtDeviceTensor(value, session) if name in kept else value.numpy() for name, value in values.items()
        }

    def _batch_size(self, inputs: Mapping[str, BatchTensor]) -> int:
        axes = ((name, self.batch_axes.get(name)) for name in inputs)
        return max((inputs[name].shape[axis] for name, axis in axes if axis is not None), default=1)

    def close_if_idle(self, seconds: float) -> bool:
        """Closes the graph if it has not run for `seconds`; a run that starts meanwhile keeps its session."""
        with self._open_lock:
            if self._session is None or time.monotonic() - self._last_run < seconds:
                return False
            self._session = None
            return True

    def _current_session(self) -> tuple[str, ort.InferenceSession]:
        """The provider and its session, opened again after the provider failed or the graph was unloaded.

        Raises `VoiceError` when a file has changed since the voice was loaded.
        """
        self._last_run = time.monotonic()
        provider, session = self._provider, self._session
        if session is not None and provider not in self._providers.failures:
            return provider, session
        with self._open_lock:
            if self._session is None or self._provider in self._providers.failures:
                if [_file_stamp(path) for path in self._files.values()] != self._file_stamps:
                    raise VoiceError(f"{self.path} has changed since the voice was loaded; restart the server")
                self._provider, self._session = self._providers.create_session(self._files, self._threads)
            return self._provider, self._session


def _file_stamp(path: Path) -> tuple[int, int] | None:
    """Modification time and size; None for a missing file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
