"""What a process has used, as Linux tells it. Elsewhere the memory is not known, and CPU time only of this process."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Usage:
    """At one moment."""

    wall: float
    """seconds"""
    cpu: float | None
    """seconds, all threads together"""

    @classmethod
    def of(cls, pid: int | None = None) -> Self:
        """`pid` None: this process."""
        return cls(time.perf_counter(), time.process_time() if pid is None else _cpu_seconds(pid))

    def cpu_since(self, earlier: "Usage") -> float | None:
        """CPU seconds."""
        return None if self.cpu is None or earlier.cpu is None else self.cpu - earlier.cpu

    def share_since(self, earlier: "Usage", cores: int) -> float | None:
        """Of the time of `cores`: 1 when all of them were busy with this process."""
        cpu = self.cpu_since(earlier)
        return None if cpu is None else cpu / ((self.wall - earlier.wall) * cores)


def memory_peak(pid: int | None = None) -> float | None:
    """MiB in use at the most, since the start or the last `forget_peak`."""
    with suppress(OSError):
        for line in _proc(pid).joinpath("status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def forget_peak(pid: int | None = None) -> None:
    """Lets the peak begin anew, where the system allows it."""
    with suppress(OSError):
        _proc(pid).joinpath("clear_refs").write_text("5")


def _proc(pid: int | None) -> Path:
    return Path("/proc") / ("self" if pid is None else str(pid))


def _cpu_seconds(pid: int) -> float | None:
    with suppress(OSError):
        fields = _proc(pid).joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS  # utime and stime, counted behind the name
    return None
