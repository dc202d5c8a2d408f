"""Where the server listens, where it keeps what it writes, and the finished audio that it keeps."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from server.config.sections.section import Reloadable, Section


class ServerSection(Section):
    """The address that the server listens on."""

    host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104  a server in a container must be reachable
    port: int = Field(default=7860, ge=0, le=65535)


class StorageSection(Section):
    """The folder of what outlives a restart."""

    path: Path = Field(default=Path("data"), strict=False)
    """Made when something is written."""


WarmText = Annotated[str, Field(min_length=1)] | dict[str, Any]
"""A text, or the fields of a request for speech."""


class CacheSection(Section):
    """The sizes of the cache, and the texts that are prepared at the start."""

    memory_mb: Reloadable[int] = Field(default=64, ge=0, le=2**20)
    """MiB; 0: nothing is kept in memory."""
    disk_mb: Reloadable[int] = Field(default=0, ge=0, le=2**30)
    """MiB below `storage.path`; 0: nothing is kept on the disk."""
    seed: int | None = Field(default=0, ge=0, le=2**32 - 1)
    """Of the noise of requests that have no seed, where their voice has noise; None: those are not kept."""
    finish: Reloadable[bool] = False
    """Whether a stream that all of its clients have left is computed to its end."""
    warm: tuple[WarmText, ...] = Field(default=(), strict=False)

    @property
    def enabled(self) -> bool:
        """Whether anything is kept."""
        return bool(self.memory_mb or self.disk_mb)
