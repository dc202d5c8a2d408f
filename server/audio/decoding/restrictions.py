"""What the process that decodes a file is not allowed to do."""

import resource
from pathlib import Path

MEMORY_BYTES = 64 * 2**20
"""That it may use in addition to what it has when it begins."""
CPU_SECONDS = 2
"""Of computing. The largest recordings need 0.5 of them, files made to be slow up to 1.8."""


def restrict() -> None:
    """Limits this process for the rest of its life. What it needs must be imported before.

    No file, connection or device can be opened any more, because all of them are descriptors, and it has no number for
    another one.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
