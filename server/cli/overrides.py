"""Options that set keys of the configuration."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from server.config.options import GENERAL_OPTION, Option


def add_general_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of every command: the configuration file, the folder of voices, and any other key."""
    file_help = "configuration file (default: $SAMBERT_CONFIG, else config.yaml)"
    command.add_argument("--config", type=Path, metavar="FILE", help=file_help)
    add_override(command, "--models", "models.path", metavar="DIR", description="folder of voices")
    help_text = "set a key of the configuration, several times for several keys; `config` lists them"
    command.add_argument(GENERAL_OPTION, action=_Override, metavar="SECTION.KEY=VALUE", help=help_text)


def add_override(command: argparse.ArgumentParser, name: str, key: str, *, metavar: str, description: str) -> None:
    """Adds an option for one key."""
    help_text = f"{description} (default: {key} of the configuration)"
    command.add_argument(name, action=_Override, key=key, metavar=metavar, help=help_text)


def overrides(options: argparse.Namespace) -> tuple[Option, ...]:
    """The options that were given, in their order."""
    return tuple(getattr(options, _Override.DESTINATION, ()))


class _Override(argparse.Action):
    """Collects options in their order."""

    DESTINATION = "overrides"

    def __init__(self, option_strings: Sequence[str], dest: str, *, key: str | None = None, **settings: Any) -> None:
        super().__init__(option_strings, self.DESTINATION, default=argparse.SUPPRESS, **settings)
        self._key = key

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Adds one option. Wrong usage ends the program, as for other options."""
        try:
            given = Option(option or "", self._key, values) if self._key else Option.general(values)
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, (*overrides(namespace), given))
