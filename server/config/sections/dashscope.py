"""The WebSocket of DashScope's clients."""

from pydantic import Field

from server.config.sections.section import Reloadable, Section


class DashScopeSection(Section):
    """Time limits of the WebSocket for clients of Alibaba's DashScope."""

    text_timeout: Reloadable[float] = Field(default=23.0, gt=0, le=86400)
    """Seconds."""
    idle_timeout: Reloadable[float] = Field(default=60.0, gt=0, le=86400)
    """Seconds."""
