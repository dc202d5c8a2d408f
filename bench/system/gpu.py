"""What nvidia-smi says of the GPU; nothing where there is none."""

import subprocess
from contextlib import suppress


def gpu_name() -> str | None:
    """Name, memory and driver of the first GPU."""
    lines = _ask("--query-gpu=name,memory.total,driver_version")
    return lines[0] if lines else None


def gpu_memory(pid: int) -> float | None:
    """MiB that a process holds on all GPUs; None where that is not told, as in many containers."""
    rows = [line.split(", ") for line in _ask("--query-compute-apps=pid,used_memory", "nounits")]
    held = [float(row[1]) for row in rows if row[0] == str(pid) and row[1].isdigit()]
    return sum(held) if held else None


def _ask(query: str, *options: str) -> list[str]:
    command = ["nvidia-smi", query, ",".join(["--format=csv", "noheader", *options])]
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()
    return []
