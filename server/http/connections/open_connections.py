"""The open connections, and how many there may be."""

import asyncio
from collections import Counter

from server.config import Config, LimitsSection
from server.http.errors import ErrorReport

RETRY_AFTER = "2"
"""Seconds."""
_FLUSH_CHECK = 0.01
"""Seconds between two looks at the buffers of the connections."""


class OpenConnections:
    """Counts the connections of all clients, and finds those that are too many. For one event loop."""

    def __init__(self, limits: LimitsSection) -> None:
        self.limits = limits
        self.refused = 0
        """Since the start."""
        self._transports: dict[asyncio.Transport, str] = {}
        """With the address of the client."""
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._transports)

    def reconfigure(self, config: Config) -> None:
        """Takes other limits, for the connections and requests that come from now on."""
        self.limits = config.limits

    def add(self, transport: asyncio.Transport) -> ErrorReport | None:
        """Counts a connection; one that is too many is not counted, and its client is told what is returned."""
        address = _address(transport)
        total, each = self.limits.connections, self.limits.connections_per_address
        if total and len(self) >= total:
            return self._refuse(f"the server has {total} connections, its limit (limits.connections in config.yaml)")
        if each and self._by_address[address] >= each:
            return self._refuse(
                f"{address} has {each} connections, its limit (limits.connections_per_address in config.yaml)"
            )
        self._transports[transport] = address
        self._by_address[address] += 1
        return None

    def discard(self, transport: asyncio.Transport) -> None:
        """The connection is closed."""
        if address := self._transports.pop(transport, None):
            self._by_address[address] -= 1
            self._by_address += Counter()  # forgets those without a connection

    async def flush(self, seconds: float) -> None:
        """Waits until everything that was sent has left this process, so long at most."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._has_unsent() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(_FLUSH_CHECK)

    def _has_unsent(self) -> bool:
        return any(transport.get_write_buffer_size() for transport in self._transports)

    def _refuse(self, message: str) -> ErrorReport:
        self.refused += 1
        headers = {"Retry-After": RETRY_AFTER}
        return ErrorReport(503, f"{message}; close others or try again later", "too_many_connections", headers=headers)


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else "-"
