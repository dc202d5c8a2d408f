"""GET /: the page a person uses. The files of server/web as they are, nothing from elsewhere."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).with_name("static")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
"""Said here, since what a system believes about file names varies, and a browser runs no script of another type."""


def routes() -> list[web.RouteDef]:
    """Every file by its name, and the page itself at `/`."""
    files = {f"/{file.name}": file for file in sorted(FOLDER.iterdir()) if file.suffix in (".css", ".js")}
    return [web.get(path, _sender(file)) for path, file in {"/": FOLDER / "index.html", **files}.items()]


def _sender(file: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def send(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers={"Content-Type": _TYPES[file.suffix], **_HEADERS})

    return send
