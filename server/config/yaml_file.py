"""Reads a YAML file of sections: no duplicate keys, errors with their place, and the lines of keys."""

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml

from server.errors import ConfigurationError


class _UniqueKeyLoader(yaml.SafeLoader):
    """Rejects duplicate keys; YAML itself silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is set twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_sections(path: Path, sections: Iterable[str]) -> tuple[dict[Hashable, Any], dict[str, int]]:
    """Returns the sections, and the line numbers (from 1) of the lexicon entries.

    Raises `ConfigurationError`; `sections` are the valid names, for its message.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506  a SafeLoader
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist; name another file, or none for the defaults") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from None
    if content is None:
        return {}, {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must contain sections ({', '.join(sections)}), not {content!r}")
    return content, _key_lines(yaml.compose(text, Loader=_UniqueKeyLoader), "text", "lexicon")


def _key_lines(node: yaml.Node | None, *path: str) -> dict[str, int]:
    """Returns the keys of the mapping at `path` with their line numbers."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    if not path:
        return {key.value: key.start_mark.line + 1 for key, _ in node.value}
    return next((_key_lines(value, *path[1:]) for key, value in node.value if key.value == path[0]), {})
