"""The operations about the server itself: models, voices, the WebSocket, and this document."""

from server.http.dashscope.route import PATH as WEBSOCKET
from server.http.models import MODELS, Model, ModelList
from server.http.openapi.operation import Operation, Response, json_content, path_parameter
from server.http.voices import VoiceList

_HTML = {"text/html": {"schema": {"type": "string"}}}

SERVER_OPERATIONS = (
    Operation(
        "get",
        "/v1/models",
        "Voices and models",
        "List the models",
        "OpenAI's names of speech models, for clients that look for them. The voice decides how a text sounds, not the "
        "model.",
        {200: Response("The models.", json_content(ModelList))},
    ),
    Operation(
        "get",
        "/v1/models/{model}",
        "Voices and models",
        "Look up a model",
        "One of the models.",
        {200: Response("The model.", json_content(Model))},
        errors=(404, 500),
        parameters=(
            {
                **path_parameter("model", "The name of the model."),
                "examples": {name: {"value": name} for name in MODELS},
            },
        ),
    ),
    Operation(
        "get",
        "/v1/audio/voices",
        "Voices and models",
        "List the voices",
        "The voices with their speakers and emotions, those that are broken with the reason, and the aliases.",
        {200: Response("The voices.", json_content(VoiceList))},
        errors=(500, 503),
    ),
    Operation(
        "get",
        WEBSOCKET,
        "WebSocket",
        "The WebSocket of DashScope's clients",
        "Speech for programs that use Alibaba's Sambert or CosyVoice voices: the text whole or in pieces. The messages "
        "are described in docs/dashscope.md.",
        {101: Response("The connection is a WebSocket.")},
        errors=(426, 500, 503),
    ),
    Operation(
        "get",
        "/openapi.json",
        "Server",
        "This document",
        "The OpenAPI document of the API.",
        {200: Response("The document.", {"application/json": {"schema": {"type": "object"}}})},
    ),
    Operation(
        "get",
        "/docs",
        "Server",
        "The page of the API",
        "Shows this document; it needs no other host.",
        {200: Response("The page.", _HTML)},
    ),
)
