"""Resident memory of this process."""

import sys
from pathlib import Path

import numpy as np
import pytest

from server.runtime import memory
from server.runtime.memory import memory_usage


def test_the_peak_remains_after_memory_is_released() -> None:
    before = memory_usage()
    assert 0 < before.current <= before.peak
    size = before.peak - before.current + 64
    array = np.ones(size * 2**20, np.uint8)
    assert memory_usage().current >= before.current + size // 2
    del array
    after = memory_usage()
    assert after.current < after.peak
    assert after.peak > before.peak


def test_without_proc_the_peak_is_that_of_getrusage(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: Path, encoding: str) -> str:
        raise FileNotFoundError(path)

    expected = memory_usage().peak
    monkeypatch.setattr(memory.Path, "read_text", missing)
    assert memory_usage().peak >= expected or sys.platform != "linux"
