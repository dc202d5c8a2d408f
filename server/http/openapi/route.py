"""GET /openapi.json: the document of the API."""

import asyncio
import json

from aiohttp import web

from server.config import Config


class OpenApiRoute:
    """The /openapi.json route. The document depends on keys of the configuration that need a restart."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._body: str | None = None
        """Made when it is first asked for: it takes 7 MB."""

    async def get(self, request: web.Request) -> web.Response:
        """Returns the document."""
        if self._body is None:
            self._body = await asyncio.to_thread(self._written)
        return web.json_response(text=self._body, headers={"Cache-Control": "no-cache"})

    def _written(self) -> str:
        from server.http.openapi.document import create_document  # only here: it describes every route and every error

        return json.dumps(create_document(self._config), ensure_ascii=False)
