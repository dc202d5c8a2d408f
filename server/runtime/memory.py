"""How much memory this process holds, and how it gives some back. Linux answers, others may not."""

import ctypes
from pathlib import Path


def resident(root: Path = Path("/")) -> dict[str, int] | None:
    """MiB in use `now` and at the `peak`; None where there is no /proc. `root` is where /proc is."""
    try:
        lines = (root / "proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    names = {"now": "VmRSS", "peak": "VmHWM"}
    return {name: int(fields[field].split()[0]) // 1024 for name, field in names.items() if field in fields}


def trim_heap() -> None:
    """Gives back to the system what the C library keeps for itself after large graphs were read or dropped."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return  # another C library, which keeps less
