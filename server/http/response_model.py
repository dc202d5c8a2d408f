"""The base of the JSON responses: pydantic types, which are also the schemas of the API's document."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict


class ResponseModel(BaseModel):
    """A JSON object that the server sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def model_response(body: ResponseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Returns a response with the object as JSON."""
    return web.json_response(text=body.model_dump_json(), status=status, headers=headers)
