"""How many CPUs this process may really use. A container's quota is often far below the host's number of cores."""

import os
from pathlib import Path


def available_cpus(root: Path = Path("/")) -> int:
    """Whole CPUs that the affinity mask and the cgroup quotas (v1 and v2) leave, at least 1.

    `root` is where /proc and /sys are.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # macOS has none
    allowed = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, int(min([allowed, *_quotas(root)])))


def _quotas(root: Path) -> list[float]:
    """The quota of this process's group and of every group around it, in CPUs."""
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
