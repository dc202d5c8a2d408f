"""The chunks of an entry as a stream."""

from typing import Self

from server.cache.entry import Entry
from server.types import EncodedChunk


class StoredStream:
    """The chunks of an entry: a `ChunkSource` that is always ready."""

    def __init__(self, entry: Entry, *, times: bool = True) -> None:
        self._chunks = entry.chunks(times=times)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EncodedChunk:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Ends the stream."""
        self._chunks = iter(())
