"""CPU time and peak memory of a process.

The peak comes from /proc: psutil has no peak memory on Linux and cannot reset it. CPU time of this process comes from
`time.process_time`, whose resolution is finer than psutil's clock ticks (10 ms).
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Wall clock and CPU time at one moment."""

    wall: float
    """Seconds."""
    cpu: float | None
    """Seconds of all threads; None if the process does not exist."""

    @classmethod
    def of(cls, pid: int | None = None) -> Self:
        """Reads the usage of a process; `pid` None is this process."""
        return cls(time.perf_counter(), time.process_time() if pid is None else _cpu_seconds(pid))

    def cpu_since(self, earlier: "ProcessUsage") -> float | None:
        """Returns the CPU seconds used since `earlier`."""
        return None if self.cpu is None or earlier.cpu is None else self.cpu - earlier.cpu

    def utilization_since(self, earlier: "ProcessUsage", cores: int) -> float | None:
        """Returns the CPU utilization since `earlier`: 1 when the process kept all `cores` busy."""
        cpu = self.cpu_since(earlier)
        return None if cpu is None else cpu / ((self.wall - earlier.wall) * cores)


def memory_peak(pid: int | None = None) -> float | None:
    """Returns the peak resident memory in MiB since the start or the last reset; None outside Linux."""
    with suppress(OSError):
        for line in _proc(pid).joinpath("status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def reset_memory_peak(pid: int | None = None) -> None:
    """Resets the peak to the present memory, where the system allows it."""
    with suppress(OSError):
        _proc(pid).joinpath("clear_refs").write_text("5")


def _proc(pid: int | None) -> Path:
    return Path("/proc") / ("self" if pid is None else str(pid))


def _cpu_seconds(pid: int) -> float | None:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return None
