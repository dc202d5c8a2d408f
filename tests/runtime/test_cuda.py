"""Why CUDA does not work, in words that name the library, the driver, or the GPU that is missing."""

from pathlib import Path

import pytest

from server.runtime import cuda


def test_a_machine_without_a_driver_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_DRIVER", "libcuda-that-is-not-there.so.1")
    assert cuda.driver_version() is None
    assert "no NVIDIA driver: libcuda-that-is-not-there.so.1" in (cuda.missing_gpu() or "")
    assert cuda.old_driver("13.0") is None


@pytest.mark.parametrize(
    ("driver", "needed", "old"),
    [
        ((12, 4), "13.0", True),
        ((13, 0), "13.0", False),
        ((13, 0), "13.1", False),
        ((12, 8), "12.8", False),
        ((12, 4), "", False),
    ],
)
def test_a_driver_is_old_when_its_major_version_is(
    driver: tuple[int, int], needed: str, old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda, "driver_version", lambda: driver)
    reason = cuda.old_driver(needed)
    assert bool(reason) == old
    if reason:
        assert "up to 12.4" in reason
        assert "needs CUDA 13.0" in reason
        assert "gpu-cu12" in reason


def test_the_library_that_is_missing_is_named(tmp_path: Path) -> None:
    reason = cuda.missing_library(tmp_path / "libonnxruntime_providers_cuda.so")
    assert reason is not None
    assert "libonnxruntime_providers_shared.so" in reason
