"""What the measurements ran on, and what one of its cores gives."""

import os
import platform
import statistics
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from bench.measure.gpu import gpu_name
from server import __version__
from server.runtime.cpu import available_cpus

REFERENCE = 128.0
"""GFLOP/s of the core to which figures are normalised."""
_FLAGS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp", "i8mm", "sve"),
)
"""Instructions that make a difference here, x86 and ARM."""
_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """Enough to compare results of two machines."""

    cpu: str
    flags: tuple[str, ...]
    cores: int
    """That this process may use."""
    gpu: str | None
    gflops: float
    """Of a 1024 x 1024 float32 matrix product on one thread."""
    load: float | None
    """Load average over the last minute, when the measuring began: other work makes figures worse."""
    system: str
    versions: dict[str, str]
    revision: str | None
    """Of this repository; `+` when files were changed."""


def this_machine() -> Machine:
    facts = _cpu_facts()
    known = facts.get("flags", facts.get("Features", "")).split()
    return Machine(
        cpu=facts.get("model name") or platform.processor() or platform.machine(),
        flags=tuple(flag for flag in _FLAGS if flag in known),
        cores=available_cpus(),
        gpu=gpu_name(),
        gflops=matrix_gflops(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        versions={"server": __version__} | {name: metadata.version(name) for name in ("numpy",)} | _onnxruntime(),
        revision=_revision(),
    )


def matrix_gflops(products: int = 8) -> float:
    """GFLOP/s of one thread, now: the median product.

    In CPU time, so that other work does not make the core look slow and normalised figures good.
    """
    matrix = np.random.default_rng(0).standard_normal((_SIZE, _SIZE), np.float32)
    matrix @ matrix
    seconds = []
    for _ in range(products):
        started = time.thread_time()
        matrix @ matrix
        seconds.append(time.thread_time() - started)
    return 2 * _SIZE**3 / statistics.median(seconds) / 1e9


def normalised(factor: float, gflops: float) -> float:
    """What a real-time factor would be on a core of `REFERENCE` GFLOP/s."""
    return factor * gflops / REFERENCE


def _cpu_facts() -> dict[str, str]:
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
        return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {}


def _onnxruntime() -> dict[str, str]:
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(metadata.PackageNotFoundError):
            return {name: metadata.version(name)}
    return {}


def _revision() -> str | None:
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    with suppress(OSError, subprocess.SubprocessError):
        folder = Path(__file__).parent
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    return None
