"""The voices of the server."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from server.config.sections.section import Reloadable, Section


class ModelsSection(Section):
    """The folder of the voices, the default voice, and which voices are in memory."""

    path: Path = Field(default=Path("models"), strict=False)
    default_voice: Reloadable[str | None] = Field(default=None, min_length=1)
    """None: `demo` if it exists, else the first voice."""
    aliases: Reloadable[dict[Annotated[str, Field(min_length=1)], str]] = Field(default={})
    """Alias -> voice, `voice/speaker`, or a speaker of the default voice; besides OpenAI's voice names."""
    watch: Reloadable[bool] = False
    """Whether changes of the folder are noticed without being told."""
    watch_poll_seconds: Reloadable[float] = Field(default=0, ge=0, le=3600)
    """How often the folder is looked at; 0: events of the file system."""
    memory_budget_mb: Reloadable[int] = Field(default=0, ge=0)
    """MiB of all voices in memory; 0: no limit."""
    memory_wait: Reloadable[float] = Field(default=20.0, ge=0, le=600)
    """Seconds that a request waits for a voice that is not in memory."""
    import_from: Reloadable[Path | None] = Field(default=None, strict=False)
    """Folder of packages that administrators may convert; None: only models of ModelScope."""
