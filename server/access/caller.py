"""Who sends a request, with the rights of its key."""

from collections.abc import Callable
from dataclasses import dataclass, field

from server.access.key_ring import KeyRing
from server.access.quota import CharacterQuota
from server.client import Client
from server.config import AccessKey, Right
from server.errors import AccessDeniedError, AuthenticationError


@dataclass(slots=True)
class Caller:
    """The sender of one request, or of one task of a connection."""

    address: str
    keys: KeyRing
    quota: CharacterQuota
    find: Callable[[], AccessKey | None]
    """Finds the key that was sent. Raises `AuthenticationError` where it is not valid and one is needed."""
    key: AccessKey | None = field(default=None, init=False)
    """None: without a key, where that is allowed or the path is public."""
    charged: int = field(default=0, init=False)
    """Characters of this request."""

    @property
    def client(self) -> Client:
        """As admission and logs see it."""
        key = self.key
        if key is None:
            return Client(address=self.address)
        return Client(key.name, self.address, key.max_streams, key.weight, key.voices)

    def require_key(self) -> None:
        """Raises `AuthenticationError` where a key is needed and there is none."""
        if self.key is None and self.keys.is_required:
            raise AuthenticationError("this server needs a key: send the header Authorization: Bearer KEY")

    def require(self, right: Right) -> None:
        """Raises `AuthenticationError` without a key, and `AccessDeniedError` where its key lacks the right.

        Administration always needs a key: a proxy on this machine makes every client look like one on this machine.
        """
        self.require_key()
        if self.key is None:
            if right == "admin":
                raise AuthenticationError(
                    "administration needs a key, also where nothing else does: "
                    "`python -m server keys add NAME --rights admin`"
                )
        elif right not in self.key.rights:
            raise AccessDeniedError(
                f"key {self.key.name} has not the right {right!r}, only {', '.join(self.key.rights)}; "
                "`python -m server keys add NAME --rights` makes a key with others",
                code="missing_right",
            )

    def identify(self) -> None:
        """Looks for the key. Raises what `find` raises."""
        self.key = self.find()

    def renewed(self) -> "Caller":
        """The sender of what begins later on the same connection: its key may have changed. Reads a changed key file.

        Raises `AuthenticationError` or `AccessDeniedError` where it may not ask for speech any more.
        """
        self.keys.reload()
        caller = Caller(self.address, self.keys, self.quota, self.find)
        caller.identify()
        caller.require("speech")
        return caller

    def charge(self, characters: int) -> None:
        """Counts the characters of a text. Raises `QuotaError`."""
        if self.key is not None:
            self.quota.charge(self.key, characters)
            self.charged += characters

    def refund(self) -> None:
        """Takes back all that this request was charged with, because nothing was spoken."""
        if self.key is not None and self.charged:
            self.quota.refund(self.key, self.charged)
            self.charged = 0
