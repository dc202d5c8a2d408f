"""How many streams one client may have at a time, of those that run and those that wait."""

from collections.abc import Hashable, Iterable

from server.client import Client
from server.errors import BusyError


def identity(client: Client) -> Hashable:
    """Equal for requests that share the limits of one client: of one key, without a key of one address."""
    return ("key", client.name) if client.name else ("address", client.address)


def require_below_limits(client: Client, others: Iterable[Client], per_address: int, retry_after: int) -> None:
    """Raises `BusyError` when one stream more, besides the `others`, is above the limit of the client.

    A key has its own limit; `per_address`, 0 for none, is the limit of an address for requests without a key.
    """
    limit = client.max_streams if client.name else per_address
    if not limit or not (client.name or client.address):
        return
    own = identity(client)
    if sum(identity(other) == own for other in others) < limit:
        return
    if client.name:
        message = f"the key {client.name} may have {limit} streams at a time; wait until one has ended"
        raise BusyError(message, retry_after=retry_after, code="key_stream_limit")
    message = (
        f"the address {client.address} may have {limit} streams at a time (limits.streams_per_address in config.yaml); "
        "wait until one has ended"
    )
    raise BusyError(message, retry_after=retry_after, code="address_stream_limit")
