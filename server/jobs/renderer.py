"""What a job computes, whatever runs it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from server.client import Client
from server.jobs.job import Job, JobResult, Part, PartContent, PartResult
from server.jobs.request import JobRequest


class Renderer(Protocol):
    """Splits requests into parts, computes parts, and joins them."""

    def split(self, client: Client, request: JobRequest, data: bytes | None) -> Sequence[PartContent]:
        """The parts of a request; `data` is an uploaded file in place of its `input`. Runs in a thread.

        Checks what can be checked without computing: text, fields, names of voices that the client may use, formats,
        limits. Raises `RequestError` with the field and the line.
        """

    async def compute(self, job: Job, part: Part, folder: Path, report: Callable[[int], None]) -> PartResult:
        """Computes a part into files of the folder of its job, each atomic; `report` gets the characters that are done.

        Ends within a chunk when its task is cancelled. Raises `RequestError` for what another attempt cannot mend,
        `DeviceError`, `BusyError` and `ShutdownError` for what is no fault of the part, and `OSError` of the disk.
        """

    def join(self, job: Job, parts: Sequence[Part], folder: Path, is_cancelled: Callable[[], bool]) -> JobResult:
        """Makes the file `RESULT_NAME` in the folder of the job, atomically, from the files of all parts.

        Runs in a thread.

        Raises as `compute` does; `InterruptedError` soon after `is_cancelled` has become true.
        """
