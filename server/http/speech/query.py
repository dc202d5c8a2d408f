"""The fields of a request for speech in the query of a URL, as `<audio src>` sends it."""

import json
from urllib.parse import parse_qsl

from pydantic import BaseModel
from pydantic_core import from_json

from server.errors import RequestError
from server.http.speech.request import SpeechRequest, parse_request


def _takes_text(schema: dict[str, object]) -> bool:
    """Whether a field of this JSON schema takes text."""
    options = schema.get("anyOf", [schema])
    assert isinstance(options, list)
    return any(option.get("type") == "string" for option in options)


def json_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields that are written as JSON in a query: numbers, true and false, objects. All others are text."""
    properties = model.model_json_schema()["properties"]
    return frozenset(name for name, schema in properties.items() if not _takes_text(schema))


JSON_FIELDS = json_fields(SpeechRequest)


def parse_query(query: str) -> SpeechRequest:
    """Parses and validates the query of a URL. Raises `RequestError` as for a JSON body, and for a repeated field."""
    return parse_request(SpeechRequest, query_json(query, JSON_FIELDS))


def query_json(query: str, fields: frozenset[str]) -> bytes:
    """The query of a URL as JSON; `fields` are those whose values are JSON. Raises `RequestError`."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError as error:  # an invalid percent-encoding too
        message = f"the query of the URL is not valid ({error}); write name=value&name=value in percent-encoded UTF-8"
        raise RequestError(message, code="invalid_query") from None
    values: dict[str, object] = {}
    for name, text in pairs:
        if name in values:
            raise RequestError(f"{name} is given twice; give each field once", param=name)
        values[name] = field_value(text) if name in fields else text
    return json.dumps(values).encode()


def field_value(text: str) -> object:
    """The value of a JSON field; text that is not JSON remains text, which the field then refuses."""
    try:
        return from_json(text)
    except ValueError:
        return text
