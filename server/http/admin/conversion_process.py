"""The converter in a process of its own: it needs packages that the server never imports."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil

import server

NICENESS = 10
END_SECONDS = 10.0
"""After which a converter that was told to end is killed."""
_PROGRAM = "convert"
_LINE_END = re.compile(rb"[\r\n]+")
_MAX_LINE = 4000
"""Bytes; progress bars have no line ends."""


class ConversionProcess:
    """One run of `python -m convert`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.error = ""
        """The last lines that are no step and no note."""

    @classmethod
    async def start(cls, arguments: Sequence[str], folder: Path) -> "ConversionProcess":
        """Runs in `folder`, which should be empty: the converter prefers a path there to a name of a model."""
        root = str(Path(server.__file__).parents[1])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _PROGRAM, *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=asyncio.subprocess.STDOUT, cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
        )  # fmt: skip
        with suppress(psutil.Error):
            psutil.Process(process.pid).nice(NICENESS)
        return cls(process)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def run(self, on_step: Callable[[str], None], on_note: Callable[[str], None]) -> int:
        """Reads its messages until it ends; returns its exit status. Ends it when this is cancelled."""
        try:
            async for line in self._lines():
                if line.startswith("  note: "):
                    on_note(line.removeprefix("  note: ").strip())
                elif line.startswith("  "):
                    on_step(line.strip())
                elif line.startswith("error: "):
                    self.error = line.removeprefix("error: ")
                elif not line.endswith(":"):
                    self.error = self.error or line
                    on_step(line.strip())
            return await self._process.wait()
        finally:
            if self._process.returncode is None:
                await asyncio.shield(self._end())

    async def _end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), END_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def _lines(self) -> AsyncIterator[str]:
        assert self._process.stdout
        rest = b""
        while data := await self._process.stdout.read(4096):
            *lines, rest = _LINE_END.split(rest + data)
            for line in lines:
                if line.strip():
                    yield line[:_MAX_LINE].decode("utf-8", "replace")
            rest = rest[-_MAX_LINE:]
        if rest.strip():
            yield rest.decode("utf-8", "replace")


def missing_package() -> str | None:
    """The package that the converter needs and that is not installed; None if it can run."""
    return next((name for name in (_PROGRAM, "onnx") if find_spec(name) is None), None)
