"""What TensorRT needs beforehand: its libraries, the sizes that a graph will meet, a folder for its engines."""

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
"""ShapeProfile, and the names of the axes that a graph leaves open."""

MAJOR = 10
"""Of the TensorRT that onnxruntime-gpu is linked with, in both extras of pyproject.toml."""

_LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser")


@dataclass(frozen=True, slots=True)
class SizeRange:
    """ShapeProfile of one axis: an engine is built for all from least to most, and is fastest for the usual one."""

    least: int
    usual: int
    most: int

    def times(self, factor: int) -> "SizeRange":
        return SizeRange(self.least * factor, self.usual * factor, self.most * factor)


ShapeProfile = Mapping[str, Sequence[SizeRange]]
"""By input: the sizes of its axes that an engine is built for."""

_SPANS = {
    "phones": SizeRange(1, 40, 1024),
    "steps": SizeRange(1, 32, 1024),  # of memory that is looked at for the first time: at first those ahead, too
    "window": SizeRange(1, 16, 256),  # steps of the longest phone
    "window_and_now": SizeRange(2, 17, 257),
}
_USUAL_FRAMES, _MOST_FRAMES = 48, 128
"""Of one chunk. A chunk of the default size has 48; what is beyond costs memory on the GPU."""


def preload() -> None:
    """Makes the libraries of the pip package known to the dynamic linker, which does not look among packages."""
    package = find_spec("tensorrt_libs")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for name in _LIBRARIES:
            for library in sorted(Path(folder).glob(f"lib{name}.so.*")):
                with suppress(OSError):  # whoever needs it will be told
                    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def version() -> str | None:
    """Of the TensorRT that the dynamic linker finds, such as "10.16.1"; None without one."""
    try:
        number = int(ctypes.CDLL(f"libnvinfer.so.{MAJOR}").getInferLibVersion())
    except (OSError, AttributeError):
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def advice(problem: str, cuda_version: str) -> str:
    """What the dynamic linker said, and what to install where it misses TensorRT. `cuda_version` such as "13.0"."""
    missing = re.search(r"lib(?:nvinfer|nvonnxparser)\w*\.so\.(\d+)", problem)
    if missing is None:
        return problem
    return f"{problem}; pip install 'tensorrt-cu{cuda_version.split('.')[0]}-libs=={missing[1]}.*'"


def engine_folder(cache: Path, graph: Path, versions: str) -> Path:
    """The folder of one graph's engines, made if need be. Raises `DeviceError` when it cannot be written to.

    onnxruntime names an engine after the form of the graph, not after its weights: two voices would share one engine,
    so each content has a folder of its own. TensorRT cannot read engines of another version.
    """
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()[:16]
    try:
        folder = cache.expanduser() / versions / digest
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "writable").touch()
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        raise DeviceError(
            f"engines cannot be kept in {cache} ({error}), and every start would take minutes: "
            "let runtime.engine_cache name a folder that can be written to"
        ) from None
    return folder


def time_axes(shape: Shape) -> list[str]:
    """Those that count the frames of a chunk, such as mel_time."""
    return [axis for axis in shape if isinstance(axis, str) and axis.endswith("_time")]


def sizes(
    inputs: Mapping[str, Shape], states: Mapping[str, SizeRange], metadata: Mapping[str, Any], max_batch: int
) -> ShapeProfile | None:
    """What an engine of this graph is built for; None if an open axis has no known sizes.

    `states` are the axes of the states, by name. TensorRT refuses sizes with which a layer could not run, so the least,
    the usual and the most are each those of a run: the first of a stream, just long enough, and two later ones.
    """
    shortest = metadata.get("lookahead", 0) + 1
    frames = SizeRange(shortest, max(shortest, _USUAL_FRAMES), max(shortest, _MOST_FRAMES))
    spans = {"batch": SizeRange(1, min(4, max_batch), max_batch), **_SPANS, **states}
    spans |= {axis: frames for shape in inputs.values() for axis in time_axes(shape)}
    spans["samples"] = frames.times(metadata.get("samples_per_frame", 1))
    if any(isinstance(axis, str) and axis not in spans for shape in inputs.values() for axis in shape):
        return None
    return {
        name: [spans[axis] if isinstance(axis, str) else SizeRange(axis, axis, axis) for axis in shape]
        for name, shape in inputs.items()
    }


def profile(sizes: ShapeProfile) -> dict[str, str]:
    """Provider options with which one engine is built for all of these sizes."""
    # `final` decides over sizes, and of such an input a profile gives the values in place of the sizes.
    known = {**sizes, "final": [SizeRange(0, 0, 1)]} if "final" in sizes else sizes
    kinds = {"min": "least", "opt": "usual", "max": "most"}
    return {
        f"trt_profile_{kind}_shapes": ",".join(
            f"{name}:{'x'.join(str(getattr(span, size)) for span in spans)}" for name, spans in known.items()
        )
        for kind, size in kinds.items()
    }


def fits(sizes: ShapeProfile, shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether the engine was built for a run of these shapes."""
    return all(
        span.least <= size <= span.most
        for name, shape in shapes.items()
        for span, size in zip(sizes[name], shape, strict=True)
    )
