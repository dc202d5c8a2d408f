"""`python -m tests.jobs.interrupted NUMBER SIGNAL COMMAND ...`: the command line, with a process that is interrupted.

It sends itself the signal in the middle of a part of a job: of the NUMBER-th that it computes.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from server.cli import main
from server.jobs.job import Job, Part, PartResult
from server.jobs.rendering.renderer import JobRenderer


def interrupt(number: int, signal: int) -> None:
    compute, begun = JobRenderer.compute, 0

    async def interrupted(
        self: JobRenderer, job: Job, part: Part, folder: Path, report: Callable[[int], None]
    ) -> PartResult:
        nonlocal begun
        begun += 1
        is_due = begun == number

        def reported(characters: int) -> None:
            nonlocal is_due
            if is_due:
                is_due = False
                os.kill(os.getpid(), signal)
            report(characters)

        return await compute(self, job, part, folder, reported)

    JobRenderer.compute = interrupted


if __name__ == "__main__":
    interrupt(int(sys.argv[1]), int(sys.argv[2]))
    sys.exit(main(sys.argv[3:]))
