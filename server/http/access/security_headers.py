"""Headers of every answer, also of those to what is no request."""

from aiohttp import hdrs, web

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "frame-ancestors 'none'",
    hdrs.SERVER: "sambert-server",
}


def add_security_headers(response: web.StreamResponse) -> None:
    """Adds those that the answer does not set itself. `Server` has the versions of Python and aiohttp by default."""
    response.headers.popall(hdrs.SERVER, None)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
