"""Work that needs voices which are not in memory: it waits for them without occupying a thread."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:  # the HTTP package imports this module before anything that computes
    from server.synthesis.synthesizer import Synthesizer

T = TypeVar("T")

HeldVoices: TypeAlias = "dict[str, Synthesizer]"

_held: ContextVar["HeldVoices | None"] = ContextVar("held_voices", default=None)
"""The voices that were loaded for the work that runs now; None outside of `with_voices`."""


class VoiceNotLoadedError(Exception):
    """A voice that the work needs is not in memory; `with_voices` handles it."""

    def __init__(self, name: str, load: "Callable[[Iterable[str]], Future[HeldVoices]]") -> None:
        super().__init__(name)
        self.name = name
        self.load = load


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Missing:
    name: str
    load: "Callable[[Iterable[str]], Future[HeldVoices]]"


def held_voices() -> "HeldVoices | None":
    """The voices that `with_voices` holds for the calling work; None where the caller may wait for a voice itself."""
    return _held.get()


async def with_voices(work: Callable[[], T]) -> T:
    """Runs `work` in a thread. When it needs a voice that is not in memory, that is loaded, and `work` runs again.

    So `work` should be short, and have no effects. Raises its errors, and those of loading a voice.
    """
    held: HeldVoices = {}
    while True:
        outcome = await asyncio.to_thread(_attempt, work, held)
        if isinstance(outcome, _Done):
            return outcome.value
        # Given back before the wait: two works that hold what the other one needs would wait for each other.
        names = {*held, outcome.name}
        held.clear()
        held = await asyncio.wrap_future(outcome.load(names))


def _attempt(work: Callable[[], T], held: "HeldVoices") -> "_Done[T] | _Missing":
    token = _held.set(held)
    try:
        return _Done(work())
    except VoiceNotLoadedError as error:
        return _Missing(error.name, error.load)
    finally:
        _held.reset(token)
