"""GPU name and memory from nvidia-smi; None without a GPU."""

import subprocess
from contextlib import suppress


def gpu_name() -> str | None:
    """Returns name, memory and driver version of the first GPU."""
    lines = _query("--query-gpu=name,memory.total,driver_version")
    return lines[0] if lines else None


def gpu_memory(pid: int) -> float | None:
    """Returns the MiB that a process holds on all GPUs; None where nvidia-smi hides it, as in many containers."""
    rows = [line.split(", ") for line in _query("--query-compute-apps=pid,used_memory", "nounits")]
    used = [float(row[1]) for row in rows if row[0] == str(pid) and row[1].isdigit()]
    return sum(used) if used else None


def _query(query: str, *options: str) -> list[str]:
    command = ["nvidia-smi", query, ",".join(["--format=csv", "noheader", *options])]
    with suppress(OSError, subprocess.SubprocessError):
        ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603 - constants
        return ran.stdout.splitlines()
    return []
