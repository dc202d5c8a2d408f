"""A new configuration for a running server: all of it or nothing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from server.config.config import Config
from server.config.keys import changed_keys
from server.errors import ConfigurationError

_log = logging.getLogger(__name__)

Check = Callable[[Config], object]
Apply = Callable[[Config], None]


@dataclass(slots=True)
class Reconfiguration:
    """The configuration that is in force, and the components that take another one while they run."""

    config: Config
    _checks: list[Check] = field(default_factory=list)
    _applies: list[Apply] = field(default_factory=list)

    def add(self, reconfigure: Apply, *, check: Check | None = None) -> None:
        """Adds a component.

        `reconfigure` takes a configuration that was checked. It is called on the event loop, with those of all
        components in one step; it is quick and cannot fail. `check` raises `ConfigurationError` for values that the
        sections cannot validate on their own, and may block.
        """
        self._applies.append(reconfigure)
        if check:
            self._checks.append(check)

    def check(self, config: Config) -> None:
        """Raises `ConfigurationError` that lists everything that prevents `config` from being applied. May block."""
        problems = [
            f"{key} has changed, and its change needs a restart"
            for key in changed_keys(self.config, config)
            if not key.is_reloadable
        ]
        for check in self._checks:
            try:
                check(config)
            except ConfigurationError as error:
                problems.append(str(error))
        if problems:
            raise ConfigurationError("\n".join(problems))

    def apply(self, config: Config) -> None:
        """Gives a checked configuration to every component."""
        self.config = config
        for reconfigure in self._applies:
            reconfigure(config)
