"""What the registry tells about its voices, for metrics and for administrators."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

VoiceState = Literal["loaded", "unloaded", "broken"]


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """Counts since the start, and the memory now."""

    loads: int = 0
    """Voices that came into memory."""
    evictions: int = 0
    """Voices that left it for others, or because they were idle."""
    bytes: int = 0
    """Estimated memory of the loaded voices, and of those that were replaced and are still speaking."""
    budget: int = 0
    """In bytes; 0 without one."""
    waiting: int = 0
    """Requests that wait for a voice."""


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """One voice."""

    name: str
    state: VoiceState
    version: str | None = None
    """None for a broken one."""
    bytes: int = 0
    """Estimated memory, also of a voice that is not loaded."""
    uses: int = 0
    """Requests and streams that use it, those of replaced versions included."""
    problem: str | None = None
    """Why it is broken; of another one, why the folder's new version is not in service."""


@dataclass(frozen=True, slots=True)
class RegistryReport:
    """All voices."""

    statistics: PoolStatistics
    voices: tuple[VoiceReport, ...]


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """What a look at the folder has changed."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    """All folders that are no usable voice -> the reason."""
    kept: tuple[str, ...] = ()
    """Of the broken ones, those whose old version stays in service."""
