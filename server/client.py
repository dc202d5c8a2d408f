"""Who a stream is for, as admission, limits, logs and metrics see it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks for speech. Equal clients share the limits of one."""

    name: str = ""
    """The name of its key; empty without one."""
    address: str = ""
    """Its IP address; empty within this process."""
    max_streams: int = 0
    """Concurrent streams that its key allows; 0: no limit of its own."""
    weight: float = 1.0
    """Its share of the places that others wait for, relative to other clients."""
    voices: tuple[str, ...] | None = None
    """The names of the voices that its key allows; None: all."""


LOCAL_CLIENT = Client()
"""The program in whose process the speech is computed."""
