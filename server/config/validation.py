"""The messages of invalid values: where each was set, what is valid, and never a secret."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pydantic
from pydantic import BaseModel, ValidationError

from server.config.keys import keys, meant, nearest, sections
from server.config.setting import Setting
from server.errors import validation_message

_SECRETS = (pydantic.SecretStr, pydantic.Secret)


def messages(error: ValidationError, settings: Mapping[str, Setting]) -> Iterator[str]:
    """One message for each error in the values that were set."""
    for details in error.errors(include_url=False):
        location = _location(details["loc"], settings)
        if details["type"] == "extra_forbidden":
            yield _unknown_name(location, details["loc"])
        else:
            yield validation_message(location, details, shows_value=not _holds_secret(_type_at(details["loc"])))


def _location(loc: tuple[int | str, ...], settings: Mapping[str, Setting]) -> str:
    """`config.yaml, line 3: server.port`; of an error about several keys, all the places that set them."""
    path = ".".join(map(str, loc[:2]))
    if path in settings:
        return ".".join([settings[path].location, *map(str, loc[2:])])
    origins = (setting.origin for key, setting in settings.items() if key.startswith(path))
    places = "; ".join(dict.fromkeys(origins))
    return ": ".join(filter(None, [places, path or "the configuration"]))


def _unknown_name(location: str, loc: tuple[int | str, ...]) -> str:
    """The message for a name in a mapping inside of a section."""
    fields = next((of.model_fields for of in _models(_type_at(loc[:-1]))), {})
    return f"{location} is not a key; valid: {', '.join(fields)}{meant(nearest(str(loc[-1]), fields))}"


def _type_at(loc: tuple[int | str, ...]) -> Any:
    """The type of the value at a place; for a place within a list or a mapping, of an element."""
    if not loc:
        return tuple(sections().values())
    key = keys().get(".".join(map(str, loc[:2])))
    found: Any = key.field.annotation if key else sections().get(str(loc[0]))
    for name in loc[2:]:
        models = list(_models(found))
        found = next((of.model_fields[str(name)].annotation for of in models if str(name) in of.model_fields), found)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in annotation if isinstance(annotation, tuple) else get_args(annotation):
        yield from _models(part)


def _holds_secret(annotation: Any) -> bool:
    """Whether a value of this type can have a secret in it."""
    if isinstance(annotation, type) and issubclass(annotation, _SECRETS):
        return True
    parts = annotation if isinstance(annotation, tuple) else get_args(annotation)
    if any(map(_holds_secret, parts)):
        return True
    fields = (field.annotation for model in _models(annotation) for field in model.model_fields.values())
    return any(map(_holds_secret, fields))
