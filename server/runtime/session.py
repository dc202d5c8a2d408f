"""One graph, run on the active provider; a run that fails on its device is repeated on the next provider.

Between two chunks of a stream all states are arrays in host memory. Those that stay on a device within a chunk can be
lost with it; the chunk is then computed again.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from server.config import Precision
from server.errors import DeviceError, LostStateError, VoiceError
from server.runtime.fallback import DEVICE_ERRORS, ProviderFallback, brief_message
from server.runtime.providers import ProfiledSession
from server.runtime.state_encoding import StateEncoding, decode_states, encode_states, read_encodings
from server.runtime.tensors import Array, BatchTensor, next_states, to_host

DEVICES = {"CUDAExecutionProvider": "cuda", "TensorrtExecutionProvider": "cuda"}
"""ONNX Runtime's provider name -> the device that can hold its outputs; host memory for all others."""


class OrtDeviceTensor:
    """An output that stayed in device memory: a `DeviceTensor`."""

    def __init__(self, value: ort.OrtValue, ort_session: ort.InferenceSession) -> None:
        self.value = value
        self.ort_session = ort_session
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


class OpenedGraph:
    """The graph of one precision, opened on one provider. Everything is read from the graph itself."""

    def __init__(self, provider: str, session: ort.InferenceSession) -> None:
        self.provider = provider
        self.session = session
        self.inputs = [item.name for item in session.get_inputs()]
        self.outputs = [item.name for item in session.get_outputs()]
        self.batch_axes = {
            item.name: item.shape.index("batch") if "batch" in item.shape else None
            for item in (*session.get_inputs(), *session.get_outputs())
        }
        self.metadata = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
        self.encodings = read_encodings(self.metadata)


class Session:
    """One graph in the precision that suits the active provider.

    States whose names differ between precisions are converted when a stream that another precision began goes on here.
    """

    def __init__(self, providers: ProviderFallback, files: Mapping[Precision, Path], threads: int) -> None:
        self.path = files["fp32"]
        self._files = files
        self._providers = providers
        self._threads = threads
        self._open_lock = threading.Lock()
        self._file_stamps = [_file_stamp(path) for path in files.values()]
        self.batch_axes: dict[str, int | None] = {}
        """Input or output name -> the axis of its streams, None for what all streams of a run share.

        Like `next_states`, of all precisions opened so far: streams may still have the states of an earlier one.
        """
        self.next_states: dict[str, str] = {}
        """State input -> the output with its value for the next run."""
        self._encodings: dict[str, StateEncoding] = {}
        self._active = self._open()

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs."""
        return self._active.inputs

    @property
    def outputs(self) -> list[str]:
        """The names of the outputs."""
        return self._active.outputs

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the graph."""
        return self._active.metadata

    def _open(self) -> OpenedGraph:
        opened = OpenedGraph(*self._providers.create_session(self._files, self._threads))
        self.batch_axes = {**self.batch_axes, **opened.batch_axes}
        self.next_states = {**self.next_states, **next_states(opened.inputs)}
        self._encodings = {**self._encodings, **opened.encodings}
        return opened

    def initial_state(self, **sizes: int) -> dict[str, Array]:
        """Zeros for every state; `sizes` fills in the open axes of the graph, `batch` is 1."""
        sizes, active = {"batch": 1} | sizes, self._active
        shapes = {
            name: tuple(sizes[axis] if isinstance(axis, str) else axis for axis in shape)
            for name, shape in active.metadata["initial_state"].items()
        }
        encodings = active.encodings
        return {
            name: encodings[name].initial(shape) if name in encodings else np.zeros(shape, np.float32)
            for name, shape in shapes.items()
        }

    def run(self, inputs: Mapping[str, BatchTensor], *, keep_states: bool = False) -> Mapping[str, BatchTensor]:
        """One run; every output by its name. `keep_states` leaves next states on the device, as `DeviceTensor`s.

        Raises `DeviceError` when no provider is left that can run it, or a batch was too large for one;
        `LostStateError` when input states were on a device that is gone.
        """
        while True:
            graph = self._current_graph()
            try:
                return self._run(graph, self._with_states_of(graph, inputs), keep_states)
            except LostStateError:
                raise
            except DEVICE_ERRORS as error:
                provider, reason = graph.provider, f"{self.path.name} failed: {brief_message(error)}"
                # The last provider is never abandoned: the next request may succeed. A batch may fit row by row.
                if self._providers.is_last(provider) or self._batch_size(inputs) > 1:
                    raise DeviceError(f"{provider}: {reason}") from None
                self._providers.abandon(provider, reason)

    def _with_states_of(self, graph: OpenedGraph, inputs: Mapping[str, BatchTensor]) -> Mapping[str, BatchTensor]:
        """The inputs, with states that come from another precision as this graph takes them."""
        if inputs.keys() <= graph.batch_axes.keys():
            return inputs
        arrays = {name: to_host(value) for name, value in inputs.items()}
        return encode_states(decode_states(arrays, self._encodings), graph.encodings)

    def _run(
        self, graph: OpenedGraph, inputs: Mapping[str, BatchTensor], keep_states: bool
    ) -> Mapping[str, BatchTensor]:
        if graph.provider != "cpu":
            return self._run_on_device(graph, inputs, keep_states)
        arrays = {name: to_host(value) for name, value in inputs.items()}
        return dict(zip(graph.outputs, graph.session.run(graph.outputs, arrays), strict=True))

    def _run_on_device(
        self, graph: OpenedGraph, inputs: Mapping[str, BatchTensor], keep_states: bool
    ) -> dict[str, BatchTensor]:
        """With I/O binding: neither inputs that are on the device already nor states that stay there are copied."""
        ort_session = graph.session
        if isinstance(ort_session, ProfiledSession):
            ort_session = ort_session.session_for_shapes({name: value.shape for name, value in inputs.items()})
        device = DEVICES.get(ort_session.get_providers()[0], "cpu"), self._providers.settings.device_id
        binding = ort_session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, OrtDeviceTensor) and value.ort_session is ort_session:
                binding.bind_ortvalue_input(name, value.value)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(to_host(value)))
        kept = set(self.next_states.values()) if keep_states else set()
        for name in graph.outputs:
            binding.bind_output(name, *(device if name in kept else ()))
        ort_session.run_with_iobinding(binding)
        values = dict(zip(graph.outputs, binding.get_outputs(), strict=True))
        return {
            name: OrtDeviceTensor(value, ort_session) if name in kept else value.numpy()
            for name, value in values.items()
        }

    def _batch_size(self, inputs: Mapping[str, BatchTensor]) -> int:
        axes = ((name, self.batch_axes.get(name)) for name in inputs)
        return max((inputs[name].shape[axis] for name, axis in axes if axis is not None), default=1)

    def _current_graph(self) -> OpenedGraph:
        """The graph on the active provider, opened again after the provider failed.

        Raises `VoiceError` when a file has changed since the voice was loaded.
        """
        active = self._active
        if active.provider not in self._providers.failures:
            return active
        with self._open_lock:
            if self._active.provider in self._providers.failures:
                if [_file_stamp(path) for path in self._files.values()] != self._file_stamps:
                    raise VoiceError(f"{self.path} has changed since the voice was loaded; send the request again")
                self._active = self._open()
            return self._active


def _file_stamp(path: Path) -> tuple[int, int] | None:
    """Modification time and size; None for a missing file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
