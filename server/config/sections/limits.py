"""What clients may use: places, time, connections."""

from typing import Self

from pydantic import Field, model_validator

from server.config.sections.section import Reloadable, Section


class LimitsSection(Section):
    """Limits of clients, beside those that `scheduler` sets for all."""

    queue_seconds: Reloadable[float] = Field(default=5.0, ge=0, le=600)
    """How long a request may wait for a place; 0: it is refused at once."""
    queue_length: Reloadable[int] = Field(default=100, ge=0, le=10000)
    """How many requests may wait; 0: none."""
    streams_per_address: Reloadable[int] = Field(default=0, ge=0)
    """Streams of an IP address at a time, for requests without a key; 0: no limit."""
    stall_seconds: Reloadable[float] = Field(default=5.0, ge=0.1, le=3600)
    """After how many seconds a stream whose client does not read gives its place to others."""
    stall_limit: Reloadable[float] = Field(default=120.0, ge=0.1, le=86400)
    """After how many seconds a stream whose client does not read is ended."""
    connections: Reloadable[int] = Field(default=1000, ge=0)
    """Open connections; 0: no limit."""
    connections_per_address: Reloadable[int] = Field(default=0, ge=0)
    """Open connections of an IP address; 0: no limit."""
    header_seconds: Reloadable[float] = Field(default=10.0, ge=0.1, le=600)
    """For the head of a request."""
    body_seconds: Reloadable[float] = Field(default=20.0, ge=0.1, le=3600)
    """For the body of a request, and a second more for each kilobyte."""
    idle_seconds: float = Field(default=75.0, ge=0.1, le=86400)
    """After how many seconds a connection without a request is closed."""
    drain_seconds: Reloadable[float] = Field(default=20.0, ge=0, le=3600)
    """For running streams when the server stops."""

    @model_validator(mode="after")
    def _limit_follows_the_stall(self) -> Self:
        if self.stall_limit < self.stall_seconds:
            raise ValueError(f"a section with stall_limit of at least stall_seconds ({self.stall_seconds:g})")
        return self
