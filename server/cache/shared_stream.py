"""One stream of chunks for all clients that ask for the same at a time. For an event loop."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, Self, TypeAlias

from server.errors import ShutdownError
from server.types import EncodedChunk

_SENTENCE_BYTES = 20_000
"""Of the objects that hold the times of a sentence: an estimate."""
_PULSE_SECONDS = 1.0
"""While readers still have chunks to read, the stream is read this often: else it would end as if all had stalled."""


class ChunkSource(Protocol):
    """The chunks of one stream, in order. Leaving the `with` block, or `cancel`, ends it: it has no more chunks."""

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> EncodedChunk: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def cancel(self) -> None:
        """Ends the stream; returns at once."""


Begin: TypeAlias = Callable[[], Awaitable[ChunkSource]]
"""Begins the stream that is shared. Waits, and raises, as long as it is not admitted."""
Completed: TypeAlias = Callable[[Sequence[EncodedChunk]], Awaitable[None]]
"""Gets all chunks of a stream that has ended well and was kept whole."""


class SharedStream:
    """The stream, which its own task reads, and what all readers have not read yet.

    A reader that joins late gets what is there first. The task goes on while one reader wants more, so that a slow one
    holds up nobody; while readers only read what is there, it goes on slowly. Up to `limit` bytes everything is kept.
    From there on nobody can join, what all have read is dropped, and the fastest reader waits when it is that far ahead
    of the slowest.

    When all readers have left, the stream ends, with `finish` only if it is not kept whole. An error of the stream
    reaches all readers, after the chunks that were before it.
    """

    def __init__(
        self,
        begin: Begin,
        completed: Completed,
        *,
        limit: int,
        finish: bool,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        """`has_room` says whether all streams together may hold what they hold now: else this one is not kept whole."""
        self._limit = limit
        self._has_room = has_room
        self._finish = finish
        self._chunks: deque[EncodedChunk] = deque()
        self._dropped = 0
        """Number of the first chunk that is kept."""
        self._bytes = 0
        self._is_whole = True
        self._readers: set[SharedReader] = set()
        self.source: ChunkSource | None = None
        """What it reads, once that has begun."""
        self._has_ended = False
        self._error: Exception | None = None
        self._news = asyncio.Event()
        """A new one for each change that readers wait for."""
        self._wanted = asyncio.Event()
        self._read_at = asyncio.get_running_loop().time()
        self._is_due = False
        """Whether the stream is read next although no reader waits for it."""
        self.task = asyncio.get_running_loop().create_task(self._run(begin, completed))

    def join(self) -> "SharedReader | None":
        """A new reader, from the first chunk; None where it is too late for that."""
        if not self._is_whole or self._error or (self._has_ended and not self.source):
            return None
        reader = SharedReader(self)
        self._readers.add(reader)
        return reader

    @property
    def is_computing(self) -> bool:
        """Whether there may be more chunks."""
        return not self._has_ended

    @property
    def held_bytes(self) -> int:
        """Of the chunks that it keeps."""
        return self._bytes

    def close(self) -> None:
        """Ends the stream; its readers get `ShutdownError`."""
        self._error = self._error or ShutdownError()
        self.task.cancel()

    async def until_begun(self) -> None:
        """Waits until the stream has begun. Raises the error that prevents it."""
        while not self.source and not self._has_ended:
            await self._news.wait()
        if not self.source and self._error:
            raise self._error

    async def next_chunk(self, reader: "SharedReader") -> EncodedChunk:
        """The next chunk of a reader. Raises the error of the stream, and `StopAsyncIteration` at its end."""
        while reader in self._readers:
            if reader.position < self._end:
                chunk = self._chunks[reader.position - self._dropped]
                reader.position += 1
                self._drop_read()
                self._keep_alive()
                return chunk
            if self._has_ended:
                break
            reader.wants_more = True
            self._wanted.set()
            try:
                await self._news.wait()
            finally:
                reader.wants_more = False
        if self._error and reader in self._readers:
            raise self._error
        raise StopAsyncIteration

    def leave(self, reader: "SharedReader") -> None:
        """A reader wants no more. If it waits for a chunk, it gets the end."""
        if reader not in self._readers:
            return
        self._readers.discard(reader)
        self._announce()
        if not self._readers and not self._has_ended and not (self._finish and self._is_whole):
            self._error = self._error or ShutdownError("the stream has no reader any more")  # nobody may join it
            self.task.cancel()
        self._drop_read()
        self._wanted.set()

    @property
    def _end(self) -> int:
        return self._dropped + len(self._chunks)

    async def _run(self, begin: Begin, completed: Completed) -> None:
        """Both are no attributes: they refer to a voice, which then leaves memory only with the garbage collector."""
        try:
            self.source = await begin()
            with self.source as source:
                self._announce()
                await self._read(source)
        except Exception as error:  # noqa: BLE001 - the readers raise it
            self._error = error
        finally:
            self._has_ended = True
            self._announce()
        if self._is_whole and not self._error:
            await completed(tuple(self._chunks))

    async def _read(self, source: ChunkSource) -> None:
        while self._readers or self._is_whole:
            while not self._may_read():
                self._wanted.clear()
                await self._wanted.wait()
            self._is_due = False
            self._read_at = asyncio.get_running_loop().time()
            try:
                chunk = await anext(source)
            except StopAsyncIteration:
                return
            self._chunks.append(chunk)
            self._bytes += _size(chunk)
            self._is_whole = self._is_whole and self._bytes <= self._limit and self._has_room()
            self._drop_read()
            self._announce()

    def _may_read(self) -> bool:
        if not self._readers:
            return self._is_whole  # it is finished for later requests
        hungry = any(reader.wants_more and reader.position == self._end for reader in self._readers)
        return (hungry or self._is_due) and (self._is_whole or self._bytes <= self._limit)

    def _keep_alive(self) -> None:
        """Is called when a reader reads."""
        if asyncio.get_running_loop().time() - self._read_at >= _PULSE_SECONDS:
            self._is_due = True
            self._wanted.set()

    def _drop_read(self) -> None:
        """Drops what all have read, if it is not kept whole. A reader that was too far ahead goes on."""
        if self._is_whole:
            return
        slowest = min((reader.position for reader in self._readers), default=self._end)
        while self._dropped < slowest:
            self._bytes -= _size(self._chunks.popleft())
            self._dropped += 1
            self._wanted.set()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class SharedReader:
    """One reader of a shared stream: a `ChunkSource`."""

    def __init__(self, stream: SharedStream) -> None:
        self._stream = stream
        self.position = 0
        """Number of its next chunk."""
        self.wants_more = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EncodedChunk:
        return await self._stream.next_chunk(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Leaves the stream, which ends if this was its last reader."""
        self._stream.leave(self)

    @property
    def source(self) -> ChunkSource | None:
        """What the stream reads, once that has begun."""
        return self._stream.source

    @property
    def is_computing(self) -> bool:
        """Whether there may be more chunks than there are now."""
        return self._stream.is_computing

    async def until_begun(self) -> None:
        """Waits until the stream has begun. Raises the error that prevents it, and leaves then."""
        try:
            await self._stream.until_begun()
        except BaseException:
            self.cancel()
            raise


def _size(chunk: EncodedChunk) -> int:
    return len(chunk.data) + (_SENTENCE_BYTES if chunk.sentence else 0)
