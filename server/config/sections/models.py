"""The voices of the server."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from server.config.sections.section import Section


class ModelsSection(Section):
    """The folder of the voices and the default voice."""

    path: Path = Field(default=Path("models"), strict=False)
    default_voice: str | None = Field(default=None, min_length=1)
    """None: `demo` if it exists, else the first voice."""
    aliases: dict[Annotated[str, Field(min_length=1)], str] = Field(default={})
    """Alias -> voice, `voice/speaker`, or a speaker of the default voice; besides OpenAI's voice names."""
