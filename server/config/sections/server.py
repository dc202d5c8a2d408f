"""Where the server listens, and where it keeps what it writes."""

from pathlib import Path

from pydantic import Field

from server.config.sections.section import Section


class ServerSection(Section):
    """The address that the server listens on."""

    host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104  a server in a container must be reachable
    port: int = Field(default=7860, ge=0, le=65535)


class StorageSection(Section):
    """The folder of what outlives a restart."""

    path: Path = Field(default=Path("data"), strict=False)
    """Made when something is written."""
