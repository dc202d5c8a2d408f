"""Finds the secret in the headers of a request.

The header is `Authorization: Bearer KEY`, as the clients of OpenAI and DashScope send it. A browser cannot set headers
of a WebSocket; its pages offer the subprotocols `dashscope` and `api-key.KEY`. A key in a URL is not taken: addresses
are kept in histories and in the logs of proxies.
"""

from aiohttp import hdrs
from multidict import CIMultiDictProxy

from server.errors import AuthenticationError

SUBPROTOCOL = "dashscope"
"""What the server chooses among those that a browser offers."""
KEY_PREFIX = "api-key."


def secret_of(headers: CIMultiDictProxy[str]) -> str | None:
    """The secret in the headers; None where there is none. Raises `AuthenticationError` where it cannot be told."""
    given = headers.getall(hdrs.AUTHORIZATION, ())
    secrets = [_bearer(value) for value in given] + [
        offered.removeprefix(KEY_PREFIX) for offered in subprotocols(headers) if offered.startswith(KEY_PREFIX)
    ]
    if len(secrets) > 1:
        raise AuthenticationError("the request has more than one key; send one")
    return secrets[0] if secrets else None


def subprotocols(headers: CIMultiDictProxy[str]) -> list[str]:
    """What the client of a WebSocket offers."""
    values = ",".join(headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ()))
    return [offered for value in values.split(",") if (offered := value.strip(" \t"))]


def _bearer(value: str) -> str:
    """The secret in the value of an Authorization header."""
    scheme, _, secret = value.strip(" \t").partition(" ")
    secret = secret.strip(" \t")
    if scheme.lower() != "bearer" or not secret:
        raise AuthenticationError("the header Authorization cannot be read; it is: Authorization: Bearer KEY")
    return secret
