"""Reads options of the command line that set keys: `--set section.key=value`, and those with a name of their own."""

from collections.abc import Iterable
from dataclasses import dataclass

from server.config.keys import keys, unknown_key
from server.config.setting import Setting, Settings
from server.config.value_text import parse_value

GENERAL_OPTION = "--set"


@dataclass(frozen=True, slots=True)
class Option:
    """An option with the text of its value."""

    name: str
    """As messages name it: `--port`, `--set server.port`."""
    key: str
    text: str

    @classmethod
    def general(cls, text: str) -> "Option":
        """The option of `section.key=value`. Raises `ValueError`."""
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not section.key=value")
        return cls(f"{GENERAL_OPTION} {key}", key, value)


def option_settings(options: Iterable[Option]) -> Settings:
    """The values of options; of two for one key, the last one counts."""
    settings = Settings()
    for option in options:
        if option.key not in keys():
            settings.problems.append(f"{GENERAL_OPTION}: {unknown_key(option.key)}")
            continue
        try:
            value = parse_value(option.text, keys()[option.key].field)
        except ValueError as error:
            settings.problems.append(f"{option.name} {error}")
            continue
        settings.values[option.key] = Setting(value, option.name, option.name)
    return settings
