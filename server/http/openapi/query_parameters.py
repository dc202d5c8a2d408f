"""The fields of a request type as query parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from server.http.openapi.operation import Json


def query_parameters(schema: Json) -> Sequence[Json]:
    """Returns a parameter for each property of a JSON schema of an object."""
    required = schema.get("required", ())
    return [_parameter(name, field, required=name in required) for name, field in schema["properties"].items()]


def _parameter(name: str, field: Json, *, required: bool) -> Json:
    kept = {key: value for key, value in field.items() if key not in ("title", "description", "examples", "default")}
    value = _without_null(kept)
    if field.get("default") is not None:
        value["default"] = field["default"]
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": required, "description": field["description"]}
    examples = [example for example in field.get("examples", ()) if _is_simple(example)]
    if value.get("type") in ("object", "array"):
        parameter["content"] = {"application/json": {"schema": value}}
    else:
        parameter["schema"] = value
        if examples:
            parameter["examples"] = {str(number): {"value": example} for number, example in enumerate(examples, 1)}
    return parameter


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Removes what a query cannot say: null, and references to objects."""
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null" and "$ref" not in each]
    others = {key: value for key, value in schema.items() if key != "anyOf"}
    if "enum" in others:
        others["enum"] = [value for value in others["enum"] if value is not None]
    return {**options[0], **others} if len(options) == 1 else {**others, **({"anyOf": options} if options else {})}


def _is_simple(example: object) -> bool:
    return isinstance(example, str | int | float)
