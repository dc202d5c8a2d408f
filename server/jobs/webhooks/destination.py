"""Where webhooks may go: hosts of a list, at public addresses. Else a client could reach what only this server can."""

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from server.errors import RequestError
from server.text.characters import control_characters

_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that a gateway turns into IPv4 ones (RFC 6052)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddressError(OSError):
    """A host has an address of this machine, of a private network, or of no single machine."""


def require_destination(url: str, hosts: Sequence[str]) -> None:
    """Raises `RequestError` unless a webhook may go to this URL."""
    if not hosts:
        raise RequestError(
            "this server sends no webhooks (jobs.webhook_hosts in config.yaml is empty)", param="webhook"
        )
    parts = _split(url)
    if not any(_matches(parts, host) for host in hosts):
        raise RequestError(
            f"webhook has another host than those allowed: {', '.join(hosts)} (jobs.webhook_hosts in config.yaml)",
            param="webhook",
        )


def is_allowed(url: str, hosts: Sequence[str]) -> bool:
    """Whether a webhook may go to this URL: the configuration may have changed since it was checked."""
    try:
        require_destination(url, hosts)
    except RequestError:
        return False
    return True


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or control_characters(url) or any(character.isspace() for character in url):
        raise RequestError("webhook must be a URL such as https://example.com/hook", param="webhook")
    if "@" in parts.netloc or "\\" in url:
        raise RequestError("webhook must have no user name and no password; requests are signed", param="webhook")
    return parts


def _matches(parts: SplitResult, allowed: str) -> bool:
    pattern = urlsplit(f"//{allowed}")
    host, name = (parts.hostname or "").rstrip("."), pattern.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    if port != pattern.port if pattern.port else port != _PORTS[parts.scheme]:
        return False
    return host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name


def is_public(text: str) -> bool:
    """Whether an IP address, or the IPv4 address within it, is one of the public network."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and (inner := _inner(address)):
        return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those with an address that is not public.

    The connection goes to the addresses that were checked: a name that changes in between is of no use.
    """

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `ForbiddenAddressError`, and `OSError` for a name that cannot be resolved."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            require_public(each["host"])
        return found

    async def close(self) -> None:
        """Releases nothing."""
        await self._resolver.close()


def require_public(address: str) -> None:
    """Raises `ForbiddenAddressError` unless the IP address is public."""
    if not is_public(address):
        raise ForbiddenAddressError(f"{address} is not a public address (jobs.webhook_private in config.yaml)")
