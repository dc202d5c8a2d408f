"""A port for a server that is started later."""

import socket
from contextlib import suppress
from random import SystemRandom

_PORTS = range(10_000, 32_000)
_TRIES = 100


def free_port() -> int:
    """A random port of 127.0.0.1 that nobody listens on. Raises `OSError` where none is found.

    It is below those that Linux (from 32,768), macOS, and Windows (from 49,152) give to connections and to servers that
    ask for any port: one of those could be given away before the server listens on it.
    """
    for port in SystemRandom().sample(_PORTS, _TRIES):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"none of {_TRIES} ports from {_PORTS.start} to {_PORTS.stop - 1} is free on 127.0.0.1")
