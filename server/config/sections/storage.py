"""Where the server keeps what it writes."""

from pathlib import Path

from pydantic import Field

from server.config.sections.section import Section


class StorageSection(Section):
    """The folder of what outlives a restart."""

    path: Path = Field(default=Path("data"), strict=False)
    """Made when something is written."""
