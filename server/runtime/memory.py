"""Memory of this process: reports its current and peak size, and returns what is unused to the system."""

import ctypes
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from server.runtime.arena import shrink_arena


@dataclass(frozen=True, slots=True)
class MemoryUsage:
    """Resident memory (RSS) in MiB."""

    current: int
    peak: int


def memory_usage() -> MemoryUsage:
    """Returns the resident memory of this process."""
    current = psutil.Process().memory_info().rss
    return MemoryUsage(current // 2**20, max(current, _peak_bytes()) // 2**20)


def release_unused() -> None:
    """Returns to the system what the arena and glibc keep after graphs were loaded or unloaded."""
    shrink_arena()
    with suppress(OSError, AttributeError):  # another C library, which keeps less
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _peak_bytes() -> int:
    """The peak RSS so far; 0 where it is unknown."""
    try:
        # Not ru_maxrss: on Linux that includes the peak of the program that started this one.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0) * 1024
    except OSError:
        if sys.platform == "win32":
            return int(psutil.Process().memory_info().peak_wset)
        import resource  # does not exist on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
