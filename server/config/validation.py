"""The messages of invalid values: where each was set, what is valid, and never a secret."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pydantic
from pydantic import BaseModel, ValidationError

from server.config.keys import keys, meant, nearest, sections
from server.config.sections.section import HIDE
from server.config.setting import Setting
from server.errors import validation_message

Loc = tuple[int | str, ...]
"""The place of a value: section, key, then indices and names inside of it."""

_SECRETS = (pydantic.SecretStr, pydantic.Secret)


def messages(error: ValidationError, settings: Mapping[str, Setting]) -> Iterator[str]:
    """One message for each error in the values that were set."""
    for details in error.errors(include_url=False):
        loc = details["loc"]
        location = _location(loc, settings)
        if details["type"] == "extra_forbidden":
            yield _unknown_name(location, loc)
        else:
            yield validation_message(location, details, shows_value=not _can_have_secret(loc))


def _location(loc: Loc, settings: Mapping[str, Setting]) -> str:
    """`config.yaml, line 3: server.port`; of an error about several keys, all the places that set them."""
    path = ".".join(map(str, loc[:2]))
    if path in settings:
        return ".".join([settings[path].location, *map(str, loc[2:])])
    origins = (setting.origin for key, setting in settings.items() if key.startswith(path))
    places = "; ".join(dict.fromkeys(origins))
    return ": ".join(filter(None, [places, path or "the configuration"]))


def _unknown_name(location: str, loc: Loc) -> str:
    """The message for a name in a mapping inside of a section."""
    fields = next((of.model_fields for of in _models(_annotation(loc[:-1]))), {})
    return f"{location} is not a key; valid: {', '.join(fields)}{meant(nearest(str(loc[-1]), fields))}"


def _annotation(loc: Loc) -> Any:
    """The type of a value; for a place within a list or a mapping, of that list or mapping."""
    if len(loc) < 2:
        return sections()[str(loc[0])] if loc else tuple(sections().values())
    field = keys()[f"{loc[0]}.{loc[1]}"].field
    for name in loc[2:]:
        fields = (model.model_fields for model in _models(field.annotation))
        field = next((inner[str(name)] for inner in fields if str(name) in inner), field)
    return _Hidden if HIDE in field.metadata else field.annotation


class _Hidden:
    """The type of a hidden value."""


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in annotation if isinstance(annotation, tuple) else get_args(annotation):
        yield from _models(part)


def _can_have_secret(loc: Loc) -> bool:
    return _has_secret(_annotation(loc))


def _has_secret(annotation: Any) -> bool:
    """Whether a value of this type can have a secret in it."""
    if isinstance(annotation, type) and issubclass(annotation, (*_SECRETS, _Hidden)):
        return True
    parts = annotation if isinstance(annotation, tuple) else get_args(annotation)
    inner = (field for model in _models(annotation) for field in model.model_fields.values())
    return any(map(_has_secret, parts)) or any(HIDE in each.metadata or _has_secret(each.annotation) for each in inner)
