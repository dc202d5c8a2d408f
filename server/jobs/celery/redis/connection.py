"""The connection to Redis: transactions, the time, and errors with a remedy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis

from server.errors import StoreError

T = TypeVar("T")

_TIMEOUT = 5.0
"""Seconds that an answer may take."""

Pipeline = Any
"""redis.client.Pipeline: its methods answer at once before `multi`, and are executed together after it."""


class RedisConnection:
    """Used by several threads. Connects when it is used, and again after a failure."""

    def __init__(self, url: str) -> None:
        """`redis://[:password@]host[:port][/number]`, or with `rediss` over TLS."""
        self.place = _place(url)
        """Host and port."""
        self.client: Any = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
        )
        self.bytes_client: Any = redis.Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
        """The same for bytes."""

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns the errors of Redis in the block into `StoreError`."""
        try:
            yield
        except redis.exceptions.OutOfMemoryError:
            message = f"Redis at {self.place} has no memory left (maxmemory); give it more, or delete jobs"
            raise StoreError(message, is_full=True) from None
        except redis.exceptions.AuthenticationError as error:
            raise StoreError(f"Redis at {self.place} refuses the password of queue.broker: {error}") from None
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            message = f"Redis at {self.place} is away: {error}; start it, or correct queue.broker"
            raise StoreError(message) from None
        except redis.exceptions.ResponseError as error:
            raise StoreError(f"Redis at {self.place} refuses a command: {error}") from None

    def transaction(self, change: Callable[[Pipeline], T], *watched: str) -> T:
        """Calls `change`, again if another client has written one of the `watched` keys before its end.

        `change` first reads, then calls `multi` and writes. Raises `StoreError`.
        """
        with self.errors():
            result: T = self.client.transaction(change, *watched, value_from_callable=True)
            return result

    def now(self) -> float:
        """The time of Redis, the same for all machines: seconds since 1970. Raises `StoreError`."""
        with self.errors():
            seconds, microseconds = self.client.time()
            return float(seconds) + float(microseconds) / 1e6

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()
        self.bytes_client.close()


def _place(url: str) -> str:
    """Host and port, without a password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"
