"""GET / and /docs: the web pages. Serves the files of server/http/static; they load nothing from other hosts."""

import asyncio
from functools import partial
from hashlib import sha256
from pathlib import Path

from aiohttp import ETag, web

FOLDER = Path(__file__).with_name("static")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
"""Fixed here: the MIME types of a system vary, and a browser runs no script with another type."""


def is_asset(path: str) -> bool:
    """Whether the path of a route is a file of the pages, which anyone may have."""
    return path.endswith((".css", ".js")) and (path.count("/") == 1 or path.startswith("/page/"))


def routes() -> list[web.RouteDef]:
    """Returns a route for each file by its path, and for the pages at `/` and `/docs`."""
    files = {f"/{file.relative_to(FOLDER).as_posix()}": file for file in sorted(FOLDER.rglob("*.*"))}
    assets = {path: file for path, file in files.items() if is_asset(path)}
    pages = {"/": FOLDER / "index.html", "/docs": FOLDER / "docs.html"}
    return [web.get(path, partial(_send, file)) for path, file in (pages | assets).items()]


async def _send(file: Path, request: web.Request) -> web.StreamResponse:
    """Sends a file, compressed where the browser takes it; nothing where the browser has it."""
    content = await asyncio.to_thread(file.read_bytes)
    headers = {"Content-Type": _TYPES[file.suffix], "Vary": "Accept-Encoding", **_HEADERS}
    tag = ETag(sha256(content).hexdigest()[:32], is_weak=True)  # of both forms of the content
    if any(known.value == tag.value for known in request.if_none_match or ()):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=content, headers=headers)
        response.enable_compression()
    response.etag = tag
    return response
