"""The keys of the configuration, as config.yaml, environment variables and the command line name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from server.config.config import Config
from server.config.sections.section import RELOADABLE, Section

PREFIX = "SAMBERT_"
"""Of every environment variable of the configuration."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section."""

    section: str
    name: str
    field: FieldInfo

    def __str__(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"{PREFIX}{self.section}__{self.name}".upper()

    @property
    def is_reloadable(self) -> bool:
        """Whether a running server applies a change of it; else a change needs a restart."""
        return any(mark is RELOADABLE for mark in self.field.metadata)

    def value(self, config: Config) -> Any:
        """Its value in a configuration."""
        return getattr(getattr(config, self.section), self.name)


def sections() -> Mapping[str, type[Section]]:
    """Name of a section -> its type, in the order of config.yaml."""
    return {name: type(section) for name, section in Config()}


@cache
def keys() -> Mapping[str, Key]:
    """`section.key` -> key, of every section."""
    found = (Key(section, name, field) for section, of in sections().items() for name, field in of.model_fields.items())
    return {str(key): key for key in found}


def changed_keys(old: Config, new: Config) -> list[Key]:
    """The keys whose values differ."""
    return [key for key in keys().values() if key.value(old) != key.value(new)]
