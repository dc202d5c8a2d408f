"""What operators see of the server: its log and its metrics."""

from typing import Annotated, Literal

from pydantic import Field

from server.config.sections.section import Reloadable, Section

LogLevel = Literal["debug", "info", "warning", "error"]
LoggerName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\w+(\.\w+)*$")]


class LoggingSection(Section):
    """Format, levels and content of the log."""

    format: Reloadable[Literal["console", "json"]] = "console"
    """console: lines for people; json: an object a line, for programs."""
    level: Reloadable[LogLevel] = "info"
    levels: Reloadable[dict[LoggerName, LogLevel]] = Field(default={})
    """Logger -> its own level."""
    texts: Reloadable[bool] = False
    """Whether the texts of clients are logged."""


class MetricsSection(Section):
    """Metrics for Prometheus."""

    enabled: bool = True
    """Whether metrics are kept, and /metrics exists."""
