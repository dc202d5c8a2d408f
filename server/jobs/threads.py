"""Threads for what blocks in jobs: a disk or a database that is slow must not hold the threads of live requests."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_MAX_THREADS = 64
_THREADS: Final = ThreadPoolExecutor(_MAX_THREADS, "jobs")
"""They start when they are needed."""


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls in a thread, as `asyncio.to_thread` does. Cancellation does not wait for its end."""
    blocking = partial(copy_context().run, call, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_THREADS, blocking)
