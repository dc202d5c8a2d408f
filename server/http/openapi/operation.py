"""One operation of the API, and its OpenAPI object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

Json = Mapping[str, Any]


def reference(model: type[BaseModel]) -> Json:
    """Returns the reference to the schema of a type."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def json_content(model: type[BaseModel]) -> Json:
    """Returns the content of a JSON body."""
    return {"application/json": {"schema": reference(model)}}


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a response."""

    description: str
    schema: Json = field(default_factory=lambda: {"type": "string"})
    required: bool = False

    @property
    def object(self) -> Json:
        """The OpenAPI object."""
        return {"description": self.description, "required": self.required, "schema": self.schema}


NO_STORE = {"Cache-Control": Header("`no-store`.", required=True)}
"""Of a response that nobody may keep."""
RETRY_LATER = {"Retry-After": Header("Seconds; absent where waiting does not help.", {"type": "integer", "minimum": 1})}
"""Of a response with status 503."""


def event_stream(description: str, schema: Json) -> Json:
    """Returns the content of a response of server-sent events, whose data has a schema."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    event = {"type": "object", "description": description, "required": ["data"], "properties": {"data": data}}
    return {"text/event-stream": {"schema": event}}


def path_parameter(name: str, description: str) -> Json:
    """Returns the parameter for `{name}` in a path."""
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


@dataclass(frozen=True, slots=True)
class Response:
    """A response."""

    description: str
    content: Json = field(default_factory=dict)
    headers: Mapping[str, Header] = field(default_factory=dict)

    @property
    def object(self) -> Json:
        """The OpenAPI object."""
        headers = {name: header.object for name, header in self.headers.items()}
        return _present({"description": self.description, "headers": headers, "content": self.content})


_ACCESS_ERRORS = (401, 403)
"""Of every operation: the configuration says which ones need a key."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path."""

    method: str
    path: str
    tag: str
    summary: str
    description: str
    responses: Mapping[int, Response]
    errors: Sequence[int] = (500,)
    """Statuses with an error in OpenAI's format, besides those of access."""
    parameters: Sequence[Json] = ()
    body: Json | None = None
    """The content of the request's body."""

    @property
    def object(self) -> Json:
        """The OpenAPI object."""
        statuses = sorted({*self.errors, *_ACCESS_ERRORS})
        errors = {status: {"$ref": f"#/components/responses/Error{status}"} for status in statuses}
        responses = {status: response.object for status, response in self.responses.items()} | errors
        return _present(
            {
                "operationId": self._id,
                "tags": [self.tag],
                "summary": self.summary,
                "description": self.description,
                "parameters": list(self.parameters),
                "requestBody": {"required": True, "content": self.body} if self.body else None,
                "responses": {str(status): responses[status] for status in sorted(responses)},
            }
        )

    @property
    def _id(self) -> str:
        words = [word.strip("{}.") for word in self.path.replace(".", "/").split("/")]
        return "_".join(word for word in [self.method, *words] if word not in ("", "v1")).replace("-", "_")


def _present(fields: Mapping[str, Any]) -> Json:
    """Leaves out the fields that are empty."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
