"""Opens graphs with each execution provider of onnxruntime, or raises the reason why a provider cannot be used."""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from server.config import RuntimeSection
from server.errors import DeviceError, MissingProviderError
from server.runtime import cuda, tensorrt
from server.runtime.arena import use_shared_arena
from server.runtime.tensorrt import Shape, ShapeProfile, SizeRange
from server.runtime.tensors import next_states

log = logging.getLogger(__name__)

SessionFactory = Callable[[Path, int], ort.InferenceSession]
"""Opens a graph with a number of threads; raises `DeviceError` with the reason if the provider cannot be used."""

_LIBRARIES = Path(ort.__file__).parent / "capi"


@dataclass(frozen=True)
class Providers:
    """The supported execution providers, with the options of the configuration."""

    settings: RuntimeSection
    max_batch: int
    """Maximum number of streams in one run."""

    @property
    def factories(self) -> dict[str, SessionFactory]:
        """The function that opens a graph, by provider name."""
        return {"tensorrt": self._open_tensorrt, "cuda": self._open_cuda, "cpu": open_on_cpu}

    def _open_cuda(self, path: Path, threads: int) -> ort.InferenceSession:
        if "CUDAExecutionProvider" not in ort.get_available_providers():
            raise MissingProviderError(
                "this onnxruntime is a CPU build; for a GPU install the extra gpu or gpu-cu12 in place of cpu, "
                "or use the image of Dockerfile.gpu"
            )
        if self._cuda_problem:
            raise DeviceError(self._cuda_problem)
        return open_on_device(path, threads, [("CUDAExecutionProvider", self.cuda_options)])

    def _open_tensorrt(self, path: Path, threads: int) -> ort.InferenceSession:
        """Opens a graph without a shape profile, such as the speaker encoder, with CUDA."""
        if "TensorrtExecutionProvider" not in ort.get_available_providers():
            raise MissingProviderError(
                "this onnxruntime is built without TensorRT; install the extra gpu or gpu-cu12 (x86_64) in place of cpu"
            )
        if self._tensorrt_problem:
            raise DeviceError(self._tensorrt_problem)
        profile = self.shape_profile(path)
        if profile is None:
            return self._open_cuda(path, threads)
        options = self.tensorrt_options(path, profile)
        if not any(Path(options["trt_engine_cache_path"]).glob("*.engine")):
            log.info("TensorRT builds an engine for %s; this takes minutes, only once", path)
        providers = [("TensorrtExecutionProvider", options), ("CUDAExecutionProvider", self.cuda_options)]
        session = open_on_device(path, threads, providers)
        return ProfiledSession(session, profile, lambda: self._open_cuda(path, threads))

    @property
    def cuda_options(self) -> dict[str, Any]:
        """The options of the CUDA provider."""
        options: dict[str, Any] = {
            "device_id": self.settings.device_id,
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
            "use_tf32": 0,  # its 10-bit mantissa would exceed the tolerance against the original
        }
        if self.settings.gpu_memory_limit_mb:
            options["gpu_mem_limit"] = self.settings.gpu_memory_limit_mb * 2**20
        return options

    def shape_profile(self, path: Path) -> ShapeProfile | None:
        """Returns the input sizes of a graph in streams, None if they are not known in advance."""
        graph = open_on_cpu(path, 1)
        metadata = {key: json.loads(value) for key, value in graph.get_modelmeta().custom_metadata_map.items()}
        shapes = {item.name: item.shape for item in graph.get_inputs()}
        states = _state_sizes(graph, shapes, metadata) if "lookahead" in metadata else {}
        return tensorrt.shape_profile(shapes, states, metadata, self.max_batch)

    def tensorrt_options(self, path: Path, profile: ShapeProfile) -> dict[str, Any]:
        """Returns the options of the TensorRT provider for one graph. Raises `DeviceError` without an engine cache."""
        versions = f"onnxruntime-{ort.__version__}-tensorrt-{tensorrt.installed_version()}"
        folder = tensorrt.engine_folder(self.settings.engine_cache, path, versions)
        options = {
            "device_id": self.settings.device_id,
            "trt_engine_cache_enable": 1,
            "trt_engine_cache_path": str(folder),
            "trt_timing_cache_enable": 1,
            "trt_timing_cache_path": str(folder.parent),
            "trt_fp16_enable": int(".fp16" in path.suffixes),
            **tensorrt.profile_options(profile),
        }
        if self.settings.gpu_memory_limit_mb:
            options["trt_max_workspace_size"] = self.settings.gpu_memory_limit_mb * 2**20
        return options

    @cached_property
    def _cuda_problem(self) -> str | None:
        problem = cuda.gpu_problem() or cuda.driver_problem(build_cuda_version())
        if problem is None:
            ort.preload_dlls()
            problem = cuda.library_problem(_LIBRARIES / "libonnxruntime_providers_cuda.so")
        return problem

    @cached_property
    def _tensorrt_problem(self) -> str | None:
        os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")  # TensorRT has no option like use_tf32 of CUDA
        if self._cuda_problem:
            return self._cuda_problem
        tensorrt.preload_libraries()
        problem = cuda.library_problem(_LIBRARIES / "libonnxruntime_providers_tensorrt.so", "TensorRT")
        return problem and tensorrt.with_install_hint(problem, build_cuda_version())


class ProfiledSession:
    """A TensorRT session, with a fallback session for shapes outside of its profile: a short last chunk, a long chunk.

    Such a run would fail in TensorRT, or build another engine for minutes. The fallback is opened at its first run.
    """

    def __init__(
        self, engine: ort.InferenceSession, profile: ShapeProfile, open_fallback: Callable[[], ort.InferenceSession]
    ) -> None:
        self._engine = engine
        self._profile = profile
        self._open_fallback = open_fallback
        self._lock = threading.Lock()
        self._fallback: ort.InferenceSession | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def session_for_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> ort.InferenceSession:
        """Returns the TensorRT session if its profile has these shapes, else the fallback."""
        if tensorrt.in_profile(self._profile, shapes):
            return self._engine
        with self._lock:
            self._fallback = self._fallback or self._open_fallback()
            return self._fallback


def open_on_cpu(path: Path, threads: int) -> ort.InferenceSession:
    """Opens a graph with the CPU provider."""
    return ort.InferenceSession(path, _options(threads), providers=["CPUExecutionProvider"])


def build_cuda_version() -> str:
    """Returns the CUDA version that this onnxruntime was built for, empty for a CPU build."""
    from onnxruntime.capi import build_and_package_info

    return str(getattr(build_and_package_info, "cuda_version", None) or "")


def open_on_device(path: Path, threads: int, providers: list[tuple[str, dict[str, Any]]]) -> ort.InferenceSession:
    """Opens a graph with `providers` (name, options).

    Raises `DeviceError` where onnxruntime would continue without one of them, silently or with a line on stdout.
    """
    session = ort.InferenceSession(
        path, _options(threads), providers=[*providers, "CPUExecutionProvider"], enable_fallback=0
    )
    names = [name for name, _ in providers]
    if session.get_providers()[: len(names)] != names:
        kind = names[0].removesuffix("ExecutionProvider")
        raise DeviceError(f"onnxruntime did not accept the {kind} provider and gave no reason; see its log")
    return session


def _state_sizes(
    graph: ort.InferenceSession, shapes: Mapping[str, Shape], metadata: Mapping[str, Any]
) -> dict[str, SizeRange]:
    """Returns the sizes of the states' axes at the start of a stream and after the first chunk, measured in one run."""
    frames = metadata["lookahead"] + 1
    axes: dict[int | str, int] = {"batch": 1, "samples": frames * metadata.get("samples_per_frame", 1)}
    axes |= {axis: frames for shape in shapes.values() for axis in tensorrt.time_axes(shape)}
    numpy_types = {"tensor(int64)": np.int64, "tensor(uint8)": np.uint8}
    dtypes = {item.name: numpy_types.get(item.type, np.float32) for item in graph.get_inputs()}
    initial = {name: [axes.get(size, size) for size in shape] for name, shape in metadata["initial_state"].items()}
    full = {name: [axes.get(size, size) for size in shape] for name, shape in shapes.items()} | initial
    outputs = list(next_states(initial).values())
    after = graph.run(outputs, {name: np.zeros(shape, dtypes[name]) for name, shape in full.items()})
    sizes: dict[str, SizeRange] = {}
    for (name, start), end in zip(initial.items(), after, strict=True):
        for axis, first, later in zip(shapes[name], start, end.shape, strict=True):
            if isinstance(axis, str) and axis not in axes:
                sizes[axis] = SizeRange(min(first, later), max(first, later), max(first, later))
    return sizes


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_order = ort.ExecutionOrder.PRIORITY_BASED  # a vocoder needs a fifth of the memory, and less time
    options.enable_mem_pattern = False  # the cache of memory patterns grows with each new shape without a limit
    # Idle threads must not spin: the CPU is shared with other sessions.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    use_shared_arena(options)
    return options
