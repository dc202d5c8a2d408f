"""GET /v1/models and /v1/models/{id}: the names of OpenAI's speech models, which clients look for."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from server.http.errors import ErrorReport
from server.http.response_model import ResponseModel, model_response

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""A request may name any model: the voice decides."""

_OWNER = "sambert-server"


class Model(ResponseModel):
    """A model, as OpenAI's clients know it."""

    id: str = Field(description="The name for the field `model`.", examples=["tts-1"])
    object: Literal["model"] = "model"
    created: int = Field(default=0, description="Without meaning here.")
    owned_by: str = _OWNER


class ModelList(ResponseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...]


class ModelsRoute:
    """The /v1/models routes."""

    async def list(self, request: web.Request) -> web.Response:
        """Returns all models in OpenAI's shape."""
        return model_response(ModelList(data=tuple(Model(id=name) for name in MODELS)))

    async def get(self, request: web.Request) -> web.Response:
        """Returns one model, or 404."""
        name = request.match_info["model"]
        if name not in MODELS:
            message = f"there is no model {name!r}; valid: {', '.join(MODELS)}"
            return ErrorReport(404, message, "model_not_found", "model").response()
        return model_response(Model(id=name))
