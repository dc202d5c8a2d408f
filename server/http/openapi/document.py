"""Assembles the OpenAPI document."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from server import __version__
from server.config import Config
from server.http.admin.messages import ADMIN_MESSAGES, ConversionRequest
from server.http.errors import ErrorResponse
from server.http.models import Model, ModelList
from server.http.openapi.error_codes import ERROR_CODES, with_status
from server.http.openapi.health_operations import HEALTH_OPERATIONS, METRICS_OPERATION
from server.http.openapi.job_operations import JOB_OPERATIONS, JOB_RESPONSES
from server.http.openapi.operation import RETRY_LATER, Header, Json, Response, reference
from server.http.openapi.reference_operations import REFERENCE_OPERATIONS, REFERENCE_RESPONSES
from server.http.openapi.server_operations import SERVER_OPERATIONS
from server.http.openapi.speech_operations import EVENTS, speech_operations
from server.http.openapi.voice_operations import VOICE_OPERATIONS
from server.http.operations.health import Health
from server.http.operations.readiness import Readiness
from server.http.speech.request import SpeechRequest
from server.http.speech.times import SpeechTimes
from server.http.speech.timestamps import TimestampsRequest
from server.http.text.request import TextRequest
from server.http.voices import VoiceList
from server.jobs.request import JobRequest
from server.text.analysis.document import TextAnalysis

OPENAPI = "3.1.0"

_DESCRIPTION = """\
Mandarin speech that streams while it is computed. The fields of OpenAI's API work as they do there; the others are
extensions. Every error has the shape `{"error": {"message", "type", "param", "code"}}`. A path that does not exist is
answered with 404, a method that a path does not support with 405 and the header `Allow`. A server that needs a key
takes it in the header `Authorization: Bearer KEY`."""

_MODELS: Sequence[tuple[type[BaseModel], JsonSchemaMode]] = (
    (SpeechRequest, "validation"),
    (TimestampsRequest, "validation"),
    (SpeechTimes, "serialization"),
    (TextRequest, "validation"),
    (TextAnalysis, "serialization"),
    *((event, "serialization") for event in EVENTS),
    *((response, "serialization") for response in REFERENCE_RESPONSES),
    (JobRequest, "validation"),
    *((response, "serialization") for response in JOB_RESPONSES),
    (ErrorResponse, "serialization"),
    (ModelList, "serialization"),
    (Model, "serialization"),
    (VoiceList, "serialization"),
    (Health, "serialization"),
    (Readiness, "serialization"),
    (ConversionRequest, "validation"),
    *((message, "serialization") for message in ADMIN_MESSAGES),
)

_ERROR_HEADERS = {
    401: {"WWW-Authenticate": Header("`Bearer`.", required=True)},
    405: {"Allow": Header("The methods that the path supports.", required=True)},
    416: {"Content-Range": Header("`bytes */LENGTH`: the length of the audio.", required=True)},
    426: {"Upgrade": Header("`websocket`.", required=True)},
    429: {"Retry-After": Header("Seconds.", {"type": "integer", "minimum": 1}, required=True)},
    503: RETRY_LATER,
}


_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of `python -m server keys add NAME`, where the server needs one (docs/access.md).",
}


def create_document(config: Config) -> Json:
    """Returns the OpenAPI document of a server with this configuration."""
    schemas = _schemas(config)
    paths: dict[str, dict[str, Json]] = defaultdict(dict)
    metrics = (METRICS_OPERATION,) if config.metrics.enabled else ()
    server = (*SERVER_OPERATIONS, *HEALTH_OPERATIONS, *metrics, *VOICE_OPERATIONS)
    for operation in (*speech_operations(schemas), *REFERENCE_OPERATIONS, *JOB_OPERATIONS, *server):
        paths[operation.path][operation.method] = operation.object
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Sambert Server",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {}],
        "paths": paths,
        "components": {"schemas": schemas, "responses": _error_responses(), "securitySchemes": {"key": _KEY}},
    }


def _schemas(config: Config) -> dict[str, Any]:
    _, definitions = models_json_schema(_MODELS, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = definitions["$defs"]
    for request in (SpeechRequest, TimestampsRequest, TextRequest):
        fields = schemas[request.__name__]["properties"]
        fields["input"] |= {"minLength": 1, "maxLength": config.synthesis.max_characters}
        own = [name for name in fields if name in SpeechRequest.__annotations__]
        schemas[request.__name__]["properties"] = {name: fields[name] for name in [*own, *fields]}
    return schemas


def _error_responses() -> Json:
    statuses = sorted({error.status for error in ERROR_CODES})
    return {f"Error{status}": _error_response(status).object for status in statuses}


def _error_response(status: int) -> Response:
    errors = with_status(status)
    code = {"properties": {"error": {"properties": {"code": {"enum": [error.code for error in errors]}}}}}
    plain = {"schema": {"type": "string", "description": "Where the request line or a header cannot be read."}}
    return Response(
        "\n".join(f"- `{error.code}`: {error.when} {error.remedy}" for error in errors),
        {"application/json": {"schema": {"allOf": [reference(ErrorResponse), code]}}}
        | ({"text/plain": plain} if status == 400 else {}),
        _ERROR_HEADERS.get(status, {}),
    )
