"""A GPU that fails after some runs, simulated on the CPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from server.config import RuntimeSection
from server.runtime.runtime import Runtime

OUT_OF_MEMORY = "Failed to allocate memory for requested buffer of size 1073741824"


class FailingSession:
    """A real session on the CPU that fails as a device without memory does, once `works` returns False."""

    def __init__(self, path: Path, works: Callable[[], bool]) -> None:
        self._session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._works = works

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, *arguments: Any) -> Any:
        self._check()
        return self._session.run(*arguments)

    def run_with_iobinding(self, *arguments: Any) -> None:
        self._check()
        self._session.run_with_iobinding(*arguments)

    def _check(self) -> None:
        if not self._works():
            raise RuntimeException(OUT_OF_MEMORY)


def runtime_that_fails_after(runs: int, opened: list[str] | None = None) -> Runtime:
    """Returns a runtime whose `cuda` provider fails after that many runs; `opened` gets the names of its graphs."""
    left = runs

    def works() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    def open_session(path: Path, threads: int) -> FailingSession:
        if opened is not None:
            opened.append(path.name)
        return FailingSession(path, works)

    return Runtime(RuntimeSection(providers=("cuda", "cpu"), threads=1), {"cuda": open_session})
