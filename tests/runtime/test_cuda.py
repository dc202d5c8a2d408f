"""CUDA diagnosis: the message names the missing driver, GPU or library."""

from pathlib import Path

import pytest

from server.runtime import cuda


def test_a_missing_driver_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_DRIVER", "libcuda-that-is-not-there.so.1")
    assert cuda.driver_cuda_version() is None
    assert "no NVIDIA driver: libcuda-that-is-not-there.so.1" in (cuda.gpu_problem() or "")
    assert cuda.driver_problem("13.0") is None


@pytest.mark.parametrize(
    ("driver", "required", "too_old"),
    [
        ((12, 4), "13.0", True),
        ((13, 0), "13.0", False),
        ((13, 0), "13.1", False),
        ((12, 8), "12.8", False),
        ((12, 4), "", False),
    ],
)
def test_a_driver_is_too_old_if_its_major_version_is_lower(
    driver: tuple[int, int], required: str, too_old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda, "driver_cuda_version", lambda: driver)
    reason = cuda.driver_problem(required)
    assert bool(reason) == too_old
    if reason:
        assert "up to 12.4" in reason
        assert "needs CUDA 13.0" in reason
        assert "gpu-cu12" in reason


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    reason = cuda.library_problem(tmp_path / "libonnxruntime_providers_cuda.so")
    assert reason is not None
    assert "libonnxruntime_providers_shared.so" in reason
