"""Description of the machine, and the speed of one of its cores.

CPU model and instruction sets come from /proc/cpuinfo: psutil provides neither. The number of cores is the server's,
which respects container quotas; psutil respects only the affinity mask.
"""

import platform
import statistics
import subprocess
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import numpy as np
import psutil

from bench.results.schema import Machine
from bench.system.gpu import gpu_name
from server import __version__
from server.runtime.cpu import available_cpus

REFERENCE_GFLOPS = 128.0
"""GFLOP/s of the core to which figures are normalized."""
_RELEVANT_FLAGS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp", "i8mm", "sve"),
)
"""Instruction sets of x86 and ARM that affect the speed."""
_MATRIX_SIZE = 1024


def describe_machine() -> Machine:
    """Returns the description of this machine; measures the speed of a core."""
    cpu = _cpu_info()
    flags = cpu.get("flags", cpu.get("Features", "")).split()
    return Machine(
        cpu=cpu.get("model name") or platform.processor() or platform.machine(),
        flags=tuple(flag for flag in _RELEVANT_FLAGS if flag in flags),
        cores=available_cpus(),
        gpu=gpu_name(),
        gflops=matrix_product_gflops(),
        load_average=psutil.getloadavg()[0],
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        versions={"server": __version__, "numpy": metadata.version("numpy")} | _onnxruntime_version(),
        revision=_git_revision(),
    )


def matrix_product_gflops(products: int = 8) -> float:
    """Returns the present GFLOP/s of one thread: the median of several matrix products.

    Uses CPU time, so that other work on the machine does not make the core look slow and normalized figures good.
    """
    matrix = np.random.default_rng(0).standard_normal((_MATRIX_SIZE, _MATRIX_SIZE), np.float32)
    matrix @ matrix
    seconds = []
    for _ in range(products):
        started = time.thread_time()
        matrix @ matrix
        seconds.append(time.thread_time() - started)
    return 2 * _MATRIX_SIZE**3 / statistics.median(seconds) / 1e9


def normalize_rtf(rtf: float, gflops: float) -> float:
    """Returns a real-time factor scaled to a core of `REFERENCE_GFLOPS`."""
    return rtf * gflops / REFERENCE_GFLOPS


def _cpu_info() -> dict[str, str]:
    """Returns the fields of the first CPU; empty outside Linux."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
        return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {}


def _onnxruntime_version() -> dict[str, str]:
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(metadata.PackageNotFoundError):
            return {name: metadata.version(name)}
    return {}


def _git_revision() -> str | None:
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    with suppress(OSError, subprocess.SubprocessError):
        folder = Path(__file__).parent
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603 - constants
        return ran.stdout.strip()
    return None
