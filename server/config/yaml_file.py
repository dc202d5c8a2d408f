"""Reads a YAML file of sections: no duplicate keys, errors with their place, and the lines of keys."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from server.config.keys import keys, sections, unknown_key
from server.config.setting import Setting, Settings
from server.errors import ConfigurationError

Lines = Mapping[tuple[str, ...], int]
"""The keys of a document, by their path -> line, from 1. Three levels: section, key, entry of a mapping."""


class _DuplicateKeyError(yaml.constructor.ConstructorError):
    """A key is set twice."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """Rejects duplicate keys; YAML itself silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise _DuplicateKeyError(None, None, f"{key.value!r} is set twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """Returns the value of a YAML document. Raises `ValueError` with the problem and its place, but without the text.

    The text may have secrets, so it is in no message.
    """
    try:
        return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{place}{_problem(error)}") from None
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    names_value = isinstance(error, yaml.composer.ComposerError | yaml.constructor.ConstructorError)
    if names_value and not isinstance(error, _DuplicateKeyError):
        return "an unknown alias or tag; a value that starts with *, & or ! needs quotes"
    return error.problem or error.context or "it cannot be parsed"


def file_settings(path: Path) -> Settings:
    """The values of a file. Raises `ConfigurationError` for a file that cannot be read at all."""
    text, content = _read(path)
    if content is None:
        return Settings()
    if not isinstance(content, dict):
        kind = "a list" if isinstance(content, list) else "a single value"
        raise ConfigurationError(f"{path} must contain sections ({', '.join(sections())}), not {kind}")
    lines = _key_lines(yaml.compose(text, Loader=_UniqueKeyLoader))
    settings = Settings()
    for name, values in content.items():
        _add_section(settings, path, str(name), values, lines)
    return settings


def _read(path: Path) -> tuple[str, Any]:
    """The text and its value."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, parse_yaml(text)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist; name another file, or none for the defaults") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from None


def _add_section(settings: Settings, path: Path, name: str, values: Any, lines: Lines) -> None:
    place = _place(path, lines, name)
    if name not in sections():
        settings.problems.append(f"{place}: {unknown_key(name)}")
    elif values is not None and not isinstance(values, dict):
        settings.problems.append(f"{place}: {name} must be a section with keys")
    # A section whose keys are all commented out is None in YAML and means its defaults.
    elif values is not None:
        for key, value in values.items():
            _add_key(settings, path, name, str(key), value, lines)


def _add_key(settings: Settings, path: Path, section: str, name: str, value: Any, lines: Lines) -> None:
    key, place = f"{section}.{name}", _place(path, lines, section, name)
    if key not in keys():
        settings.problems.append(f"{place}: {unknown_key(key)}")
        return
    entries = {entry: _place(path, lines, section, name, entry) for entry in value} if isinstance(value, dict) else {}
    settings.values[key] = Setting(value, place, f"{place}: {key}", path.parent, entries)


def _key_lines(node: yaml.Node | None, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    if isinstance(node, yaml.MappingNode) and len(path) < 3:
        for key, value in node.value:
            found[(*path, key.value)] = key.start_mark.line + 1
            found |= _key_lines(value, (*path, key.value))
    return found


def _place(path: Path, lines: Lines, *keys: object) -> str:
    """`config.yaml, line 3`; without the line for a key that YAML has merged into its mapping."""
    line = lines.get(tuple(map(str, keys)))
    return f"{path}, line {line}" if line else str(path)
