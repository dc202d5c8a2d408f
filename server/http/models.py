"""GET /v1/models and /v1/models/{id}: the names of OpenAI's speech models, which clients look for."""

from aiohttp import web

from server.http.errors import error_response

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""A request may name any model: the voice decides."""

_OWNER = "sambert-server"


class ModelsRoute:
    """The /v1/models routes."""

    async def list(self, request: web.Request) -> web.Response:
        """Returns all models in OpenAI's shape."""
        return web.json_response({"object": "list", "data": [_model(name) for name in MODELS]})

    async def get(self, request: web.Request) -> web.Response:
        """Returns one model, or 404."""
        name = request.match_info["model"]
        if name not in MODELS:
            message = f"there is no model {name!r}; valid: {', '.join(MODELS)}"
            return error_response(404, message, param="model", code="model_not_found")
        return web.json_response(_model(name))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": _OWNER}
