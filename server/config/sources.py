"""Where the configuration comes from: the defaults, then a file, then environment variables, then options."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from server.config.config import Config
from server.config.environment import FILE_VARIABLE, environment_settings
from server.config.keys import keys
from server.config.options import Option, option_settings
from server.config.setting import DEFAULT, Setting, Settings
from server.config.validation import messages
from server.config.yaml_file import file_settings
from server.errors import ConfigurationError

DEFAULT_FILE = Path("config.yaml")


@dataclass(frozen=True, slots=True)
class EffectiveConfig:
    """A validated configuration, and where each value comes from."""

    config: Config
    sources: "ConfigSources"
    """To read it again, with the file that was found."""
    origins: Mapping[str, str]
    """`section.key` -> `default`, `config.yaml, line 3`, `SAMBERT_SERVER__PORT`, `--port`"""


@dataclass(frozen=True, slots=True)
class ConfigSources:
    """A file, environment variables, and options; the later ones override the earlier ones."""

    file: Path | None = None
    """None: that of the variable SAMBERT_CONFIG, else ./config.yaml if it exists."""
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()

    def read(self) -> EffectiveConfig:
        """Reads and validates all of it. Raises `ConfigurationError` that lists every error."""
        file = self._found_file()
        layers = [
            file_settings(file) if file else Settings(),
            environment_settings(self.environment),
            option_settings(self.options),
        ]
        values = {key: setting for layer in layers for key, setting in layer.values.items()}
        problems = [problem for layer in layers for problem in layer.problems]
        config = _validated(values, problems)
        config = _with_paths(config, values, file.parent if file else Path())
        if lexicon := values.get("text.lexicon"):
            config.text.set_locations(lexicon.entries or dict.fromkeys(config.text.lexicon, lexicon.origin))
        origins = {key: values[key].origin if key in values else DEFAULT for key in keys()}
        return EffectiveConfig(config, replace(self, file=file), origins)

    def _found_file(self) -> Path | None:
        if self.file:
            return self.file
        if named := self.environment.get(FILE_VARIABLE):
            if not Path(named).exists():
                raise ConfigurationError(f"{FILE_VARIABLE}: {named} does not exist; name another file, or unset it")
            return Path(named)
        return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def load_config(path: Path | None = None) -> Config:
    """Reads the configuration from `path`, by default ./config.yaml; without that file, returns the defaults.

    Environment variables have no effect here: a program that imports this package says itself what it wants. Relative
    paths in the file are relative to its folder. Raises `ConfigurationError` that lists every error.
    """
    return ConfigSources(path).read().config


def _validated(values: Mapping[str, Setting], problems: list[str]) -> Config:
    content: dict[str, dict[str, Any]] = {}
    for path, setting in values.items():
        key = keys()[path]
        content.setdefault(key.section, {})[key.name] = setting.value
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError("\n".join([*problems, *messages(error, values)])) from None
    if problems:
        raise ConfigurationError("\n".join(problems))
    return config


def _with_paths(config: Config, settings: Mapping[str, Setting], folder: Path) -> Config:
    """Makes relative paths relative to the folder of the file that set them; `folder` is that for the defaults."""
    for path, key in keys().items():
        value = key.value(config)
        if isinstance(value, Path):
            resolved = _expanded(value, settings[path].folder) if path in settings else _in_folder(value, folder)
            config = config.updated(key.section, **{key.name: resolved})
    return config


def _expanded(path: Path, folder: Path) -> Path:
    with suppress(RuntimeError):  # no home folder
        path = path.expanduser()
    return _in_folder(path, folder)


def _in_folder(path: Path, folder: Path) -> Path:
    return path if path.parts[:1] == ("~",) else folder / path
