"""CPU time and memory of a process; `pid` None is this process.

The peak comes from /proc: psutil has no peak memory on Linux and cannot reset it. CPU time of this process comes from
`time.process_time`, whose resolution is finer than psutil's clock ticks (10 ms).
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from server.runtime.cpu import available_cpus


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Wall clock and CPU time at one moment, or between two."""

    wall: float
    """Seconds."""
    cpu: float | None
    """Seconds of all threads; None if the process does not exist."""

    @classmethod
    def of(cls, pid: int | None = None) -> Self:
        """Reads the usage of a process until now."""
        return cls(time.perf_counter(), time.process_time() if pid is None else cpu_seconds(pid))

    @classmethod
    def since(cls, start: Self, pid: int | None = None) -> Self:
        """Reads the usage of a process between `start` and now."""
        now = cls.of(pid)
        return cls(now.wall - start.wall, None if now.cpu is None or start.cpu is None else now.cpu - start.cpu)

    @property
    def utilization(self) -> float | None:
        """CPU utilization: 1 when the process kept all cores busy that it may use."""
        return None if self.cpu is None else self.cpu / (self.wall * available_cpus())


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
    return Path("/proc") / str(pid or "self")


def proportional_memory(pid: int) -> float:
    """Returns the proportional set size (PSS) of a process in MiB, its resident one where the system has no other.

    Pages that several processes share, such as those of libraries, count in equal parts for each.
    """
    usage = psutil.Process(pid).memory_full_info()
    size: float = getattr(usage, "pss", usage.rss) / 2**20
    return size


def cpu_seconds(pid: int) -> float | None:
    """Returns the CPU time of all threads of a process; None if it does not exist."""
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return None
