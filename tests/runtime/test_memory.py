"""Resident memory of this process."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from server.runtime import memory
from server.runtime.memory import MemoryUsage, memory_usage


def usage_after_an_allocation() -> list[MemoryUsage]:
    """Before an allocation, with it, and after it."""
    before = memory_usage()
    array = np.ones((before.peak - before.current + 64) * 2**20, np.uint8)
    allocated = memory_usage()
    del array
    return [before, allocated, memory_usage()]


def test_the_peak_remains_after_memory_is_released() -> None:
    # In a process of its own: in one that other tests have filled, memory of theirs is returned meanwhile.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        before, allocated, after = pool.submit(usage_after_an_allocation).result()
    assert 0 < before.current <= before.peak
    assert allocated.current >= before.current + 32
    assert after.current < after.peak
    assert after.peak > before.peak


def test_without_proc_the_peak_is_that_of_getrusage(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: Path, encoding: str) -> str:
        raise FileNotFoundError(path)

    expected = memory_usage().peak
    monkeypatch.setattr(memory.Path, "read_text", missing)
    assert memory_usage().peak >= expected or sys.platform != "linux"
