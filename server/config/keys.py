"""The keys of the configuration, as config.yaml, environment variables and the command line name them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from server.config.config import Config
from server.config.sections.section import RELOADABLE, Section

PREFIX = "SAMBERT_"
"""Of every environment variable of the configuration."""

RENAMED_KEYS = {"scheduler.headroom": "scheduler.max_utilization"}
"""Old key -> new key, for the error message."""


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
        return variable_of(str(self))

    @property
    def is_reloadable(self) -> bool:
        """Whether a running server applies a change of it; else a change needs a restart."""
        return any(mark is RELOADABLE for mark in self.field.metadata)

    def value(self, config: Config) -> Any:
        """Its value in a configuration."""
        return getattr(getattr(config, self.section), self.name)


@cache
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


def variable_of(path: str) -> str:
    """The environment variable of `section.key`."""
    return PREFIX + path.replace(".", "__", 1).upper()


def unknown_key(path: str) -> str:
    """The message for `section.key` that does not exist: the valid keys, and what was probably meant."""
    if path in RENAMED_KEYS:
        return f"{path} is now {RENAMED_KEYS[path]}; rename it"
    section, _, name = path.partition(".")
    if not name or section not in sections():
        return f"{section} is not a section; valid: {', '.join(sections())}{meant(nearest(section, sections()))}"
    valid = sections()[section].model_fields
    near = _elsewhere(name) or nearest(name, valid)
    return f"{path} is not a key; valid keys of {section}: {', '.join(valid)}{meant(near)}"


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that was probably meant; None where none is near."""
    return next(iter(get_close_matches(name, list(valid), n=1)), None)


def meant(name: str | None) -> str:
    """The end of a message about an unknown name."""
    return f"; did you mean {name}?" if name else ""


def _elsewhere(name: str) -> str | None:
    """The key of that name in another section."""
    return next((str(key) for key in keys().values() if key.name == name), None)
