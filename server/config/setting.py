"""One value of the configuration, and where it was set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT = "default"
"""The origin of a value that was not set."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that a file, an environment variable or an option gives to a key. Not validated."""

    value: Any
    origin: str
    """`config.yaml, line 3`, `SAMBERT_SERVER__PORT`, `--port`"""
    location: str
    """What messages name: `config.yaml, line 3: server.port`; of the others the origin."""
    folder: Path = Path()
    """That relative paths are relative to; by default the working directory."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Entry of a mapping -> its origin."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of one source by key (`server.port`), and what is wrong in it."""

    values: dict[str, Setting] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
