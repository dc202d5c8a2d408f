"""The address of a client behind proxies that are trusted."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import hdrs, web

Network = IPv4Network | IPv6Network


def client_address(request: web.BaseRequest, trusted: Sequence[Network]) -> str:
    """The address that the request comes from; of a trusted proxy, the last one in X-Forwarded-For that is not one.

    Everything before that entry comes from the client and may be invented.
    """
    peer = request.remote or ""
    if not trusted:
        return peer
    hops = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ())).split(",")
    address = _parse(peer)
    while address and hops and any(address in network for network in trusted):
        before = _parse(hops.pop())
        if before is None:
            break
        address = before
    return str(address) if address else peer


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address, with or without a port; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
