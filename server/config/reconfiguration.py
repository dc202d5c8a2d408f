"""A new configuration for a running server: all of it or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from server.config.config import Config
from server.config.keys import Key, changed_keys
from server.errors import ConfigurationError

Check = Callable[[Config], object]
Reconfigure = Callable[[Config], object]


@dataclass(slots=True)
class Reconfiguration:
    """The configuration that is in force, and the components that take another one while they run."""

    config: Config
    _components: list[Reconfigure] = field(default_factory=list)
    _checks: list[Check] = field(default_factory=list)

    def add(self, reconfigure: Reconfigure, *, check: Check | None = None) -> None:
        """Adds a component.

        `reconfigure` takes a configuration that was checked. It is called on the event loop, with those of all
        components in one step; it is quick and cannot fail. `check` raises `ConfigurationError` for values that the
        sections cannot validate on their own; it runs in a thread and may block.
        """
        self._components.append(reconfigure)
        if check:
            self._checks.append(check)

    def check(self, config: Config) -> None:
        """Raises `ConfigurationError` that lists everything that prevents `config` from being applied. May block."""
        problems = [
            f"a change of {key} needs a restart" for key in changed_keys(self.config, config) if not key.is_reloadable
        ]
        for check in self._checks:
            try:
                check(config)
            except ConfigurationError as error:
                problems.append(str(error))
        if problems:
            raise ConfigurationError("\n".join(problems))

    def apply(self, config: Config) -> Sequence[Key]:
        """Gives a checked configuration to every component; returns the keys that have changed.

        Should a component fail after all, every one gets the old configuration again, and the exception is raised.
        """
        old, changed = self.config, changed_keys(self.config, config)
        try:
            for reconfigure in self._components:
                reconfigure(config)
        except Exception:
            for reconfigure in self._components:
                reconfigure(old)
            raise
        self.config = config
        return changed
