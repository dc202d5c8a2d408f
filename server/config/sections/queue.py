"""Where jobs are computed: by the server itself, or by Celery workers."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from server.config.sections.section import SecretUrl, Section

_SCHEMES = ("redis://", "rediss://")


def _require_redis(url: SecretUrl) -> SecretUrl:
    if url.get_secret_value() and not url.get_secret_value().startswith(_SCHEMES):
        raise ValueError("empty, or a URL such as redis://:password@host:6379/0 (rediss:// for TLS)")
    return url


class QueueSection(Section):
    """The queue of jobs."""

    broker: Annotated[SecretUrl, AfterValidator(_require_redis)] = SecretUrl("")
    """Empty: jobs are kept in a file and computed by the server."""
    results: Literal["folder", "redis"] = "folder"
    """Where workers put what they compute."""
    lease_seconds: float = Field(default=30.0, ge=5, le=3600)
    """Seconds without a sign of life after which the work of a worker goes to another one."""

    @property
    def is_distributed(self) -> bool:
        """Whether workers compute the jobs."""
        return bool(self.broker.get_secret_value())
