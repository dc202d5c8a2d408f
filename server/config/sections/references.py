"""Recordings that clients send to be spoken like."""

from pydantic import Field

from server.config.sections.section import Reloadable, Section

MEBIBYTE = 2**20


class ReferencesSection(Section):
    """Which recordings are taken, and how long they are kept."""

    enabled: Reloadable[bool] = True
    """Whether recordings are taken at all."""
    keep: Reloadable[float] = Field(default=30.0, ge=0, le=36500)
    """Days; 0: until they are deleted."""
    max_seconds: Reloadable[float] = Field(default=60.0, ge=1, le=60)
    """Of one file."""
    max_megabytes: Reloadable[int] = Field(default=20, ge=1, le=64)
    """MiB, of one file."""
    client_references: Reloadable[int] = Field(default=100, ge=0)
    """Of one client; 0: none is kept."""
    client_megabytes: Reloadable[int] = Field(default=200, ge=1)
    """MiB, of all files of one client."""
    memory_mb: Reloadable[int] = Field(default=32, ge=0, le=2**20)
    """MiB of decoded recordings; 0: each use decodes again."""

    @property
    def max_bytes(self) -> int:
        """Of one file."""
        return self.max_megabytes * MEBIBYTE
