"""TensorRT: its libraries, the optimization profile of each graph, and the cache folder of the engines."""

import ctypes
import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from server.errors import DeviceError

Shape = Sequence[int | str]
"""The shape of a graph input: sizes, and names of dynamic axes."""

MAJOR_VERSION = 10
"""The TensorRT version that onnxruntime-gpu is linked with, in both extras of pyproject.toml."""

_LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser")


@dataclass(frozen=True, slots=True)
class SizeRange:
    """One axis of an optimization profile: the engine accepts min to max and is fastest at opt."""

    min: int
    opt: int
    max: int

    def scaled(self, factor: int) -> "SizeRange":
        """Returns the range times `factor`."""
        return SizeRange(self.min * factor, self.opt * factor, self.max * factor)


ShapeProfile = Mapping[str, Sequence[SizeRange]]
"""The optimization profile of a graph: input -> the range of each axis."""

_AXIS_RANGES = {
    "phones": SizeRange(1, 40, 1024),
    "steps": SizeRange(1, 32, 1024),  # of memory that is attended to for the first time; at first also those ahead
    "run_steps": SizeRange(1, 4, 4),  # of the decoder
    "window": SizeRange(16, 16, 256),  # steps of the longest phone
    "time_ahead": SizeRange(17, 20, 260),  # window and run_steps
    "keys": SizeRange(34, 40, 520),  # of both windows: twice those
}
"""Dynamic axis -> its range."""
_OPT_FRAMES, _MAX_FRAMES = 48, 128
"""Frames of one chunk. A chunk of the default size has 48; a higher maximum costs GPU memory."""


def preload_libraries() -> None:
    """Loads the libraries of the pip package, whose folder the dynamic linker does not search."""
    package = find_spec("tensorrt_libs")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for name in _LIBRARIES:
            for library in sorted(Path(folder).glob(f"lib{name}.so.*")):
                with suppress(OSError):  # a library that is required fails again, with its reason, in the provider
                    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def installed_version() -> str | None:
    """Returns the version of TensorRT that the dynamic linker finds, such as "10.16.1"; None without one."""
    try:
        number = int(ctypes.CDLL(f"libnvinfer.so.{MAJOR_VERSION}").getInferLibVersion())
    except (OSError, AttributeError):
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def with_install_hint(error: str, cuda_version: str) -> str:
    """Adds the package to install to a linker error about TensorRT. `cuda_version` is such as "13.0"."""
    missing = re.search(r"lib(?:nvinfer|nvonnxparser)\w*\.so\.(\d+)", error)
    if missing is None:
        return error
    return f"{error}; pip install 'tensorrt-cu{cuda_version.split('.')[0]}-libs=={missing[1]}.*'"


def engine_folder(cache: Path, graph: Path, versions: str) -> Path:
    """Returns the engine folder of one graph, and creates it. Raises `DeviceError` if it is not writable.

    onnxruntime names an engine by the structure of the graph without its weights, so two voices would share one: each
    file content has its own folder. TensorRT cannot read engines of another version.
    """
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()[:16]
    try:
        folder = cache.expanduser() / versions / digest
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "writable").touch()
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home folder
        raise DeviceError(
            f"engines cannot be stored in {cache} ({error}), so every start would take minutes: "
            "set runtime.engine_cache to a writable folder"
        ) from None
    return folder


def time_axes(shape: Shape) -> list[str]:
    """Returns the axes that count the frames of a chunk, such as mel_time."""
    return [axis for axis in shape if isinstance(axis, str) and axis.endswith("_time")]


def shape_profile(
    inputs: Mapping[str, Shape], states: Mapping[str, SizeRange], metadata: Mapping[str, Any], max_batch: int
) -> ShapeProfile | None:
    """Returns the optimization profile of a graph; None if a dynamic axis has no known range.

    `states` are the ranges of the states' axes. TensorRT rejects sizes with which a layer could not run, so min, opt
    and max are each the sizes of one possible run: the shortest first chunk of a stream, and two later chunks.
    """
    shortest = metadata.get("lookahead", 0) + 1
    frames = SizeRange(shortest, max(shortest, _OPT_FRAMES), max(shortest, _MAX_FRAMES))
    ranges = {"batch": SizeRange(1, min(4, max_batch), max_batch), **_AXIS_RANGES, **states}
    ranges |= {axis: frames for shape in inputs.values() for axis in time_axes(shape)}
    ranges["samples"] = frames.scaled(metadata.get("samples_per_frame", 1))
    if any(isinstance(axis, str) and axis not in ranges for shape in inputs.values() for axis in shape):
        return None
    return {
        name: [ranges[axis] if isinstance(axis, str) else SizeRange(axis, axis, axis) for axis in shape]
        for name, shape in inputs.items()
    }


def profile_options(profile: ShapeProfile) -> dict[str, str]:
    """Returns the provider options that build one engine for the whole profile."""
    # `final` is a shape tensor: other shapes depend on its value, so its profile holds values and not sizes.
    values = {**profile, "final": [SizeRange(0, 0, 1)]} if "final" in profile else profile
    return {
        f"trt_profile_{bound}_shapes": ",".join(
            f"{name}:{'x'.join(str(getattr(size, bound)) for size in ranges)}" for name, ranges in values.items()
        )
        for bound in ("min", "opt", "max")
    }


def in_profile(profile: ShapeProfile, shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether the engine accepts inputs of these shapes."""
    return all(
        allowed.min <= size <= allowed.max
        for name, shape in shapes.items()
        for allowed, size in zip(profile[name], shape, strict=True)
    )
