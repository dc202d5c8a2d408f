"""Long work: jobs, where they are computed, and who is told."""

import base64
import binascii
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from server.config.sections.section import Reloadable, Secret, SecretUrl, Section

SECRET_PREFIX = "whsec_"  # noqa: S105  the public prefix of secrets, as the Standard Webhooks have it
_SECRET_BYTES = range(24, 65)
_SCHEMES = ("redis://", "rediss://")
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?")


def _require_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError("a host in small letters, such as example.com, *.example.com or example.com:8443")
    return host


def _require_redis(url: SecretUrl) -> SecretUrl:
    if url.get_secret_value() and not url.get_secret_value().startswith(_SCHEMES):
        raise ValueError("empty, or a URL such as redis://:password@host:6379/0 (rediss:// for TLS)")
    return url


def webhook_key(secret: str) -> bytes:
    """The bytes of a secret of webhooks. Raises `ValueError` for another shape."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise ValueError(
            f"{SECRET_PREFIX} and 24 to 64 bytes in base64; `echo {SECRET_PREFIX}$(openssl rand -base64 32)` makes one"
        )
    return key


class JobsSection(Section):
    """Limits of jobs, and webhooks."""

    max_characters: Reloadable[int] = Field(default=2_000_000, ge=1)
    """Of one job."""
    max_parts: Reloadable[int] = Field(default=10_000, ge=1)
    """Lines or cues of one job."""
    client_jobs: Reloadable[int] = Field(default=20, ge=0)
    """Unfinished jobs of one client; 0: nobody can make a job."""
    client_characters: Reloadable[int] = Field(default=5_000_000, ge=1)
    """In the unfinished jobs of one client."""
    concurrency: int = Field(default=0, ge=0, le=1024)
    """Parts computed at a time; 0: one per worker thread."""
    max_attempts: Reloadable[int] = Field(default=3, ge=1, le=100)
    """Of one part."""
    keep_hours: Reloadable[float] = Field(default=168.0, gt=0, le=87600)
    """Hours that a result is kept."""
    quota_mb: Reloadable[int] = Field(default=20_480, ge=1)
    """Of all files of jobs."""
    webhook_hosts: Reloadable[tuple[Annotated[str, AfterValidator(_require_host)], ...]] = Field(
        default=(), strict=False
    )
    """The hosts that webhooks may go to."""
    webhook_secret: Reloadable[Secret] = Secret("")
    """Signs webhooks."""
    webhook_private: Reloadable[bool] = False
    """Whether a host may have an address of this machine or of a private network."""
    webhook_hours: Reloadable[float] = Field(default=24.0, gt=0, le=720)
    """Hours that a webhook is retried."""

    @model_validator(mode="after")
    def _require_secret(self) -> Self:
        secret = self.webhook_secret.get_secret_value()
        if secret or self.webhook_hosts:
            try:
                webhook_key(secret)
            except ValueError as error:
                raise ValueError(f"a section whose webhook_secret is {error}") from None
        return self


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
