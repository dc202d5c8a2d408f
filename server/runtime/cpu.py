"""CPU capabilities: the number of CPUs that this process may use, and instructions for int8.

The quota of a container is often far below the number of cores of the host; neither `os` nor psutil reads it.
"""

import os
import platform
from pathlib import Path


def available_cpus(root: Path = Path("/")) -> int:
    """Returns the number of CPUs within the affinity mask and the cgroup quotas (v1 and v2), rounded down, at least 1.

    `root` is the folder that contains /proc and /sys.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # does not exist on macOS
    allowed = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, int(min([allowed, *_quotas(root)])))


def integer_dot_products(root: Path = Path("/")) -> str | None:
    """Returns the name of the CPU's instructions for 8-bit dot products, None if it has none.

    Reads the CPU flags of Linux in `root`/proc/cpuinfo; of other systems only Macs with Apple silicon have them.
    """
    words = set(_words(root / "proc/cpuinfo"))
    for flag, name in (("avx512_vnni", "AVX-512 VNNI"), ("avx_vnni", "AVX VNNI"), ("asimddp", "ARM dot products")):
        if flag in words:
            return name
    return "ARM dot products" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else None


def products_saturate(root: Path = Path("/")) -> bool:
    """Returns whether ONNX Runtime adds two 8-bit products in 16 bits on this CPU, which can overflow.

    That is so on x86 with AVX2 and without VNNI; `bench/instruction_sets` compares CPUs. Where the flags cannot be
    read, as outside Linux, every x86 CPU counts as one.
    """
    return platform.machine().lower() in ("x86_64", "amd64") and integer_dot_products(root) is None


def _quotas(root: Path) -> list[float]:
    """The quotas, in CPUs, of the cgroup of this process and of its ancestors."""
    groups = root / "sys/fs/cgroup"
    found = [_v1_quota(groups / "cpu")]
    folder = groups / _v2_group(root)
    while True:
        found.append(_v2_quota(folder))
        if folder == groups or groups not in folder.parents:
            return [quota for quota in found if quota is not None]
        folder = folder.parent


def _v2_group(root: Path) -> str:
    lines = _words(root / "proc/self/cgroup")
    return next((line.removeprefix("0::").lstrip("/") for line in lines if line.startswith("0::")), "")


def _v2_quota(folder: Path) -> float | None:
    match _words(folder / "cpu.max"):
        case [quota, period] if quota != "max":
            return int(quota) / int(period)
    return None


def _v1_quota(folder: Path) -> float | None:
    match _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us"):
        case [quota], [period] if int(quota) > 0:
            return int(quota) / int(period)
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError:
        return []
