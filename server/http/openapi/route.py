"""GET /openapi.json: the document of the API."""

import json

from aiohttp import web

from server.config import Config
from server.http.openapi.document import create_document


class OpenApiRoute:
    """The /openapi.json route. The document depends on the configuration only."""

    def __init__(self, config: Config) -> None:
        self._body = json.dumps(create_document(config), ensure_ascii=False)

    async def get(self, request: web.Request) -> web.Response:
        """Returns the document."""
        return web.json_response(text=self._body, headers={"Cache-Control": "no-cache"})
