"""Reads values from text: from environment variables and from options of the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from server.config.yaml_file import parse_yaml

_TEXT = (str, Path, pydantic.SecretStr, pydantic.Secret)


def parse_value(text: str, field: FieldInfo) -> Any:
    """Returns the value for a key.

    A text or a path is taken as it is; where the key may be null, `null` and nothing mean that. Everything else is JSON
    or YAML. Raises `ValueError` with what is wrong, without the text.
    """
    types = set(_alternatives(field.annotation))
    if types - {NoneType} and all(issubclass(of, _TEXT) for of in types - {NoneType}):
        return None if NoneType in types and text in ("", "null") else text
    if not text.strip():
        raise ValueError("is empty; give a value, or leave it out")
    try:
        # YAML reads most of JSON, but neither 1e-7 nor the pairs of \\u that encode one character.
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        pass
    try:
        return parse_yaml(text)
    except ValueError as error:
        raise ValueError(f"is neither JSON nor YAML: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > len(dict(pairs)):
        raise ValueError  # YAML names the key
    return dict(pairs)


def _alternatives(annotation: Any) -> Iterator[type]:
    """The types that a value may have; of a list or a mapping only that."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for alternative in get_args(annotation):
            yield from _alternatives(alternative)
    elif origin is Literal:
        yield from map(type, get_args(annotation))
    else:
        yield origin or annotation
