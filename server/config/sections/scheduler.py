"""How streams share the workers."""

from pydantic import Field

from server.config.sections.section import Reloadable, Section


class SchedulerSection(Section):
    """Worker threads, batching, and the limits of concurrent streams."""

    workers: int = Field(default=0, ge=0, le=1024)
    """Worker threads; 0: one per available CPU."""
    max_streams: Reloadable[int] = Field(default=0, ge=0)
    """Limit of concurrent streams; 0: only the measured capacity limits them."""
    max_utilization: Reloadable[float] = Field(default=0.8, gt=0, le=1)
    """Fraction of the workers' time that the admitted streams are predicted to use at most."""
    max_batch: int = Field(default=16, ge=1, le=256)
    """Maximum number of streams in one batch."""
