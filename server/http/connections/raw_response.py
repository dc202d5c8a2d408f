"""Responses to connections that have no request yet."""

from http import HTTPStatus

from server.http.access.security_headers import SECURITY_HEADERS
from server.http.errors import ErrorReport


def raw_response(report: ErrorReport) -> bytes:
    """An error as the bytes of a whole response, which ends its connection."""
    body = report.body.model_dump_json().encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **SECURITY_HEADERS,
        **report.headers,
    }
    lines = [f"HTTP/1.1 {report.status} {HTTPStatus(report.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
