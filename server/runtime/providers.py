"""How each execution provider opens a graph, and why one cannot; imports onnxruntime, as `runtime` does."""

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
from server.runtime.tensorrt import Shape, ShapeProfile, SizeRange

log = logging.getLogger(__name__)

SessionFactory = Callable[[Path, int], ort.InferenceSession]
"""Opens a graph with a number of threads; raises `DeviceError` with the reason when the provider cannot work here."""

_LIBRARIES = Path(ort.__file__).parent / "capi"


@dataclass(frozen=True)
class Providers:
    """The providers that onnxruntime may have, as the configuration wants them."""

    settings: RuntimeSection
    max_batch: int
    """That share a run."""

    @property
    def factories(self) -> dict[str, SessionFactory]:
        return {"tensorrt": self._open_tensorrt, "cuda": self._open_cuda, "cpu": open_on_cpu}

    def _open_cuda(self, path: Path, threads: int) -> ort.InferenceSession:
        if "CUDAExecutionProvider" not in ort.get_available_providers():
            raise MissingProviderError(
                "this onnxruntime is a build for the CPU; for a GPU install the extra gpu or gpu-cu12 in place of cpu, "
                "or use the image of Dockerfile.gpu"
            )
        if self._cuda_problem:
            raise DeviceError(self._cuda_problem)
        return open_on_device(path, threads, [("CUDAExecutionProvider", self.cuda_options)])

    def _open_tensorrt(self, path: Path, threads: int) -> ort.InferenceSession:
        """A graph whose sizes are not known beforehand, such as the one that listens to recordings, stays on CUDA."""
        if "TensorrtExecutionProvider" not in ort.get_available_providers():
            raise MissingProviderError(
                "this onnxruntime is built without TensorRT; install the extra gpu or gpu-cu12 (x86_64) in place of cpu"
            )
        if self._tensorrt_problem:
            raise DeviceError(self._tensorrt_problem)
        sizes = self.sizes(path)
        if sizes is None:
            return self._open_cuda(path, threads)
        options = self.tensorrt_options(path, sizes)
        if not any(Path(options["trt_engine_cache_path"]).glob("*.engine")):
            log.info("TensorRT builds an engine for %s; this takes minutes, once", path)
        providers = [("TensorrtExecutionProvider", options), ("CUDAExecutionProvider", self.cuda_options)]
        return ProfiledSession(open_on_device(path, threads, providers), sizes, lambda: self._open_cuda(path, threads))

    @property
    def cuda_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "device_id": self.settings.device_id,
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
            "use_tf32": 0,  # its 10-bit products would cost the agreement with the original
        }
        if self.settings.gpu_memory_limit_mb:
            options["gpu_mem_limit"] = self.settings.gpu_memory_limit_mb * 2**20
        return options

    def sizes(self, path: Path) -> ShapeProfile | None:
        """What a graph will meet in streams, None if that is not known beforehand."""
        graph = open_on_cpu(path, 1)
        metadata = {key: json.loads(value) for key, value in graph.get_modelmeta().custom_metadata_map.items()}
        shapes = {item.name: item.shape for item in graph.get_inputs()}
        states = _sizes_of_states(graph, shapes, metadata) if "lookahead" in metadata else {}
        return tensorrt.sizes(shapes, states, metadata, self.max_batch)

    def tensorrt_options(self, path: Path, sizes: ShapeProfile) -> dict[str, Any]:
        """For one graph. Raises `DeviceError` if its engines cannot be kept."""
        versions = f"onnxruntime-{ort.__version__}-tensorrt-{tensorrt.version()}"
        folder = tensorrt.engine_folder(self.settings.engine_cache, path, versions)
        options = {
            "device_id": self.settings.device_id,
            "trt_engine_cache_enable": 1,
            "trt_engine_cache_path": str(folder),
            "trt_timing_cache_enable": 1,
            "trt_timing_cache_path": str(folder.parent),
            "trt_fp16_enable": int(".fp16" in path.suffixes),
            **tensorrt.profile(sizes),
        }
        if self.settings.gpu_memory_limit_mb:
            options["trt_max_workspace_size"] = self.settings.gpu_memory_limit_mb * 2**20
        return options

    @cached_property
    def _cuda_problem(self) -> str | None:
        problem = cuda.missing_gpu() or cuda.old_driver(build_cuda_version())
        if problem is None:
            ort.preload_dlls()
            problem = cuda.missing_library(_LIBRARIES / "libonnxruntime_providers_cuda.so")
        return problem

    @cached_property
    def _tensorrt_problem(self) -> str | None:
        os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")  # TensorRT has no option for what use_tf32 is on CUDA
        if self._cuda_problem:
            return self._cuda_problem
        tensorrt.preload()
        problem = cuda.missing_library(_LIBRARIES / "libonnxruntime_providers_tensorrt.so", "TensorRT")
        return problem and tensorrt.advice(problem, build_cuda_version())


class ProfiledSession:
    """A graph on TensorRT, and on CUDA for runs of sizes that its engine was not built for: a short end, a long chunk.

    Such a run would be an error of TensorRT, or minutes of building.
    """

    def __init__(
        self, engine: ort.InferenceSession, sizes: ShapeProfile, other: Callable[[], ort.InferenceSession]
    ) -> None:
        self._engine = engine
        self._sizes = sizes
        self._open_other = other
        self._opening = threading.Lock()
        self._other: ort.InferenceSession | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def session_for_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> ort.InferenceSession:
        return self._engine if tensorrt.fits(self._sizes, shapes) else self._ready()

    def _ready(self) -> ort.InferenceSession:
        with self._opening:
            self._other = self._other or self._open_other()
            return self._other


def session_for_shapes(engine: ort.InferenceSession, shapes: Mapping[str, tuple[int, ...]]) -> ort.InferenceSession:
    """What a run with inputs of these shapes is for."""
    return engine.session_for_shapes(shapes) if isinstance(engine, ProfiledSession) else engine


def open_on_cpu(path: Path, threads: int) -> ort.InferenceSession:
    return ort.InferenceSession(path, _options(threads), providers=["CPUExecutionProvider"])


def build_cuda_version() -> str:
    """The CUDA version that this onnxruntime was built for, empty for a CPU build."""
    from onnxruntime.capi import build_and_package_info

    return str(getattr(build_and_package_info, "cuda_version", None) or "")


def open_on_device(path: Path, threads: int, providers: list[tuple[str, dict[str, Any]]]) -> ort.InferenceSession:
    """Raises where onnxruntime would go on without a provider: silently, or with a word on standard output."""
    session = ort.InferenceSession(
        path, _options(threads), providers=[*providers, "CPUExecutionProvider"], enable_fallback=0
    )
    wanted = [name for name, _ in providers]
    if session.get_providers()[: len(wanted)] != wanted:
        kind = wanted[0].removesuffix("ExecutionProvider")
        raise DeviceError(f"onnxruntime did not accept the {kind} provider and gave no reason; see its log")
    return session


def _sizes_of_states(
    graph: ort.InferenceSession, shapes: Mapping[str, Shape], metadata: Mapping[str, Any]
) -> dict[str, SizeRange]:
    """How long the states are at the start of a stream and after it, by the axes' names, seen in one run."""
    frames = metadata["lookahead"] + 1
    axes: dict[int | str, int] = {"batch": 1, "samples": frames * metadata.get("samples_per_frame", 1)}
    axes |= {axis: frames for shape in shapes.values() for axis in tensorrt.time_axes(shape)}
    kinds = {item.name: np.int64 if "int64" in item.type else np.float32 for item in graph.get_inputs()}
    initial = {name: [axes.get(size, size) for size in shape] for name, shape in metadata["initial_state"].items()}
    full = {name: [axes.get(size, size) for size in shape] for name, shape in shapes.items()} | initial
    outputs = [f"next_{name}" for name in initial]
    after = graph.run(outputs, {name: np.zeros(shape, kinds[name]) for name, shape in full.items()})
    spans: dict[str, SizeRange] = {}
    for (name, start), end in zip(initial.items(), after, strict=True):
        for axis, first, later in zip(shapes[name], start, end.shape, strict=True):
            if isinstance(axis, str) and axis not in axes:
                spans[axis] = SizeRange(min(first, later), max(first, later), max(first, later))
    return spans


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_order = ort.ExecutionOrder.PRIORITY_BASED  # a vocoder needs a fifth of the memory, and less time
    options.enable_mem_pattern = False  # it remembers a plan for every shape it sees and never forgets one
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # idle threads must leave the CPU to others
    options.log_severity_level = 3
    return options
