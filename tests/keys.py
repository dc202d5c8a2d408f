"""Keys for tests: a secret, and its entry in the configuration."""

from typing import Any

from server.access.secret import hash_secret, new_secret


def make_key(name: str = "reception", **limits: Any) -> tuple[str, dict[str, Any]]:
    """Returns the secret and the entry for `access.keys`."""
    secret = new_secret()
    return secret, {"name": name, "sha256": hash_secret(secret), **limits}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
