"""GET /: the page a person uses. Four files beside each other, nothing from elsewhere."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parents[1] / "web"

_FILES = {"/": "index.html", "/app.js": "app.js", "/player.js": "player.js", "/style.css": "style.css"}

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes() -> list[web.RouteDef]:
    return [web.get(path, _sender(FOLDER / file)) for path, file in _FILES.items()]


def _sender(file: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def send(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers=_HEADERS)

    return send
