"""A text in pieces, from an iterator of the caller, such as an LLM's answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Final, TypeAlias

from server.errors import NothingToSpeakError, RequestError
from server.synthesis.speech_input import SpeechInput

Text: TypeAlias = str | Iterable[str]
"""A text, or its pieces in order, cut anywhere."""
AsyncText: TypeAlias = Text | AsyncIterable[str]
"""The same, with pieces that are awaited as well."""
Giving: TypeAlias = Callable[[Callable[[], None]], AbstractAsyncContextManager[None]]
"""Enters a context in which a stream gets its text; the argument cancels the stream."""

_END: Final = object()
"""Follows the last piece. Not None, which some clients of LLMs have among their pieces."""


def pieces_from(text: Iterable[str], speech: SpeechInput) -> Callable[[], None]:
    """Returns a function that gives the next piece to the speech, or the end. It raises what the pieces raise."""
    _require_pieces(text, Iterable)
    pieces = iter(text)

    def give() -> None:
        piece = next(pieces, _END)
        if piece is _END:
            _finish(speech)
        else:
            _append(speech, piece)

    return give


@asynccontextmanager
async def giving_pieces(
    text: Iterable[str] | AsyncIterable[str], speech: SpeechInput, cancel: Callable[[], None]
) -> AsyncIterator[None]:
    """In this context all pieces are given to the speech, then its end.

    An error of the pieces calls `cancel`, which should end the stream, and is raised at the end of the context. Text is
    analyzed, and an iterator that is not asynchronous is called, in threads.
    """
    task = asyncio.create_task(_give_all(text, speech))

    def cancel_if_failed(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            cancel()

    task.add_done_callback(cancel_if_failed)
    try:
        yield
        await task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _give_all(text: Iterable[str] | AsyncIterable[str], speech: SpeechInput) -> None:
    pieces = aiter(text if isinstance(text, AsyncIterable) else _in_threads(text))
    # A generator that is left in the middle would end only when its frame is collected.
    async with aclosing(pieces) if isinstance(pieces, AsyncGenerator) else nullcontext():
        async for piece in pieces:
            await asyncio.to_thread(_append, speech, piece)
    await asyncio.to_thread(_finish, speech)


def require_async_pieces(text: Iterable[str] | AsyncIterable[str]) -> None:
    """Raises `RequestError` for what has no pieces."""
    _require_pieces(text, Iterable, AsyncIterable)


def _require_pieces(text: object, *kinds: type) -> None:
    if not isinstance(text, kinds):
        raise RequestError(f"input must be text or an iterator of its pieces, not {text!r}", param="input")


async def _in_threads(text: Iterable[object]) -> AsyncIterator[object]:
    pieces = iter(text)
    while (piece := await asyncio.to_thread(next, pieces, _END)) is not _END:
        yield piece


def _append(speech: SpeechInput, piece: object) -> None:
    if not isinstance(piece, str):
        raise RequestError(f"a piece of input must be text, not {piece!r}", param="input")
    speech.append(piece)


def _finish(speech: SpeechInput) -> None:
    if not speech.characters:
        raise NothingToSpeakError
    speech.finish()
