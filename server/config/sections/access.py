"""Who may use the server: keys, and what needs none."""

from datetime import date
from ipaddress import ip_network
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from server.config.sections.section import Hidden, Reloadable, Section

Right = Literal["speech", "metrics", "admin"]
RIGHTS: tuple[Right, ...] = ("speech", "metrics", "admin")

PublicPath = Literal[
    "/", "/docs", "/openapi.json", "/health", "/ready", "/metrics",
    "/v1/models", "/v1/models/{model}", "/v1/audio/voices",
]  # fmt: skip

KeyName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Harmless in logs, paths and the labels of metrics."""

VoiceName: TypeAlias = Annotated[str, Field(pattern=r"^[^/\s\x00-\x1f\x7f]{1,100}$")]


def _require_origin(origin: str) -> str:
    scheme, separator, host = origin.partition("://")
    if origin != "*" and (scheme not in ("http", "https") or not separator or not host or set(host) & set("/?#@* ")):
        raise ValueError('origins such as "https://example.org", without a path, or "*" for all')
    return origin.lower()


def _require_network(network: str) -> str:
    try:
        ip_network(network)
    except ValueError:
        raise ValueError("addresses such as 10.1.2.3 or networks such as 10.0.0.0/8") from None
    return network


class AccessKey(Section):
    """A key, as config.yaml and the key file list it: its hash, and what it allows."""

    name: KeyName
    sha256: Hidden[str] = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the secret, in hexadecimal digits."""
    rights: tuple[Right, ...] = Field(default=("speech",), min_length=1, strict=False)
    max_streams: int = Field(default=0, ge=0)
    """Concurrent streams; 0: no limit of its own."""
    characters_per_day: int = Field(default=0, ge=0)
    """Of the texts of a day (UTC), markup included; 0: no limit."""
    voices: tuple[VoiceName, ...] | None = Field(default=None, min_length=1, strict=False)
    """None: all."""
    weight: float = Field(default=1.0, gt=0, le=1000)
    """Share of the places that others wait for, relative to other keys."""
    expires: date | None = Field(default=None, strict=False)
    """The last day (UTC) on which it is valid."""
    created: date | None = Field(default=None, strict=False)


class AccessSection(Section):
    """Keys, public paths, web pages of other hosts, and proxies."""

    required: Reloadable[Literal["auto", "always", "never"]] = "auto"
    """Whether requests need a key; auto: once there is one."""
    keys: Reloadable[tuple[AccessKey, ...]] = Field(default=(), strict=False)
    """Besides those of the key file."""
    public: Reloadable[tuple[PublicPath, ...]] = Field(
        default=("/", "/docs", "/openapi.json", "/health", "/ready"), strict=False
    )
    """Paths that need no key."""
    cors_origins: Reloadable[tuple[Annotated[str, AfterValidator(_require_origin)], ...]] = Field(
        default=(), strict=False
    )
    """Other hosts whose web pages may use the server."""
    trusted_proxies: Reloadable[tuple[Annotated[str, AfterValidator(_require_network)], ...]] = Field(
        default=(), strict=False
    )
    """Whose X-Forwarded-For is believed."""
