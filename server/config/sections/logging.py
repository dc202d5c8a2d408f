"""What the server writes to its log."""

from typing import Annotated, Literal

from pydantic import Field

from server.config.sections.section import Section

LogLevel = Literal["debug", "info", "warning", "error"]
LoggerName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\w+(\.\w+)*$")]


class LoggingSection(Section):
    """Format, levels and content of the log."""

    format: Literal["console", "json"] = "console"
    """console: lines for people; json: an object a line, for programs."""
    level: LogLevel = "info"
    levels: dict[LoggerName, LogLevel] = Field(default={})
    """Logger -> its own level."""
    texts: bool = False
    """Whether the texts of clients are logged."""
