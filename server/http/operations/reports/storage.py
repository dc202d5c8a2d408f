"""The disk that the server writes to."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from server.http.operations.report_collector import Measure


@dataclass(frozen=True, slots=True)
class DiskReport:
    """The file system of `storage.path`, in bytes."""

    size: int
    free: int
    """For this process."""


def disk_report(path: Path) -> DiskReport | None:
    """The file system of the folder, or of where it will be made; None where there is none."""
    existing = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), None)
    if existing is None:
        return None
    usage = shutil.disk_usage(existing)
    return DiskReport(usage.total, usage.free)


DISK: tuple[Measure[DiskReport], ...] = (
    Measure("sambert_storage_size_bytes", "Size of the file system of storage.path.", lambda report: report.size),
    Measure("sambert_storage_free_bytes", "Free space for storage.path.", lambda report: report.free),
)
