"""Reads the YAML and JSON files of a package: plain data only; errors name the file and line."""

import json
from pathlib import Path
from typing import Any

import yaml

from convert.errors import PackageError

_MAX_CONFIG_BYTES = 1 << 20
"""A configuration has a few KiB."""


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises `PackageError`, also for a tag that constructs a Python object."""
    text = _read(path)
    try:
        # Not the loader in C: deep nesting overflows its stack and ends the process.
        content = yaml.safe_load(text)
    except yaml.constructor.ConstructorError as error:
        raise PackageError(f"{path}{_line(error)} is refused: {error.problem}; only plain data is read") from None
    except yaml.MarkedYAMLError as error:
        raise PackageError(f"{path}{_line(error)} is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PackageError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from None
    return _mapping(path, content)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `PackageError`."""
    text = _read(path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise PackageError(f"{path}, line {error.lineno}, is not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{path} is not valid JSON: {error}") from None
    return _mapping(path, content)


class Settings(dict[str, Any]):
    """The hyperparameters of a model; a missing key raises `PackageError`, which names the file."""

    def __init__(self, content: dict[str, Any], place: str) -> None:
        super().__init__(content)
        self.place = place

    def __missing__(self, key: str) -> Any:
        raise PackageError(f"{self.place} has no key {key!r}")


def model_settings(
    config: dict[str, Any], checkpoint: Path, model: str, defaults: dict[str, Any] | None = None
) -> Settings:
    """The parameters of `model` in a config.yaml; errors name that file by its checkpoint."""
    place = f"Model.{model}.params in the config.yaml of {checkpoint}"
    parameters = section(config, "Model", model, "params")
    if not isinstance(parameters, dict):
        raise PackageError(f"{place} is missing")
    return Settings({**(defaults or {}), **parameters}, place)


def section(content: Any, *keys: str) -> Any:
    """The value at a path of nested keys; None if one of them is missing."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise PackageError(f"{path} has more than a megabyte; it is not a configuration")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PackageError(f"{path} is missing") from None
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise PackageError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _line(error: yaml.MarkedYAMLError) -> str:
    return f", line {error.problem_mark.line + 1}," if error.problem_mark else ""


def _mapping(path: Path, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise PackageError(f"{path} should hold names and values, not {type(content).__name__}")
    return content
