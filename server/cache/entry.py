"""A finished stream as one block of bytes: its encoded chunks, with the times that belong to them."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Self

from pydantic import TypeAdapter

from server.types import EncodedChunk, SentenceTiming

_HEAD = struct.Struct("<III")
"""Of a chunk: bytes of audio, samples, bytes of times. Both follow it."""
_MERGED_BYTES = 2**16
"""Chunks are joined up to this size: there is no reason to send a finished stream in the pieces of its computing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished stream."""

    block: bytes

    @classmethod
    def of(cls, chunks: Iterable[EncodedChunk]) -> Self:
        """Packs the chunks of a stream. Times take a tenth of their JSON."""
        parts: list[bytes] = []
        for chunk in _merged(chunks):
            times = zlib.compress(_timing().dump_json(chunk.sentence), 1) if chunk.sentence else b""
            parts += [_HEAD.pack(len(chunk.data), chunk.samples, len(times)), chunk.data, times]
        return cls(b"".join(parts))

    def chunks(self, *, times: bool = True) -> Iterator[EncodedChunk]:
        """The chunks, fewer and larger ones than those of the computing; without `times` no sentences."""
        position = 0
        while position < len(self.block):
            size, samples, times_size = _HEAD.unpack_from(self.block, position)
            middle = position + _HEAD.size + size
            data = self.block[middle - size : middle]
            position = middle + times_size
            sentence = None
            if times and times_size:
                sentence = _timing().validate_json(zlib.decompress(self.block[middle:position]))
            yield EncodedChunk(data, samples, sentence)


@cache
def _timing() -> TypeAdapter[SentenceTiming]:
    return TypeAdapter(SentenceTiming)


def _merged(chunks: Iterable[EncodedChunk]) -> Iterator[EncodedChunk]:
    """The same stream in larger chunks; each sentence still begins one, which has its times."""
    pending: list[EncodedChunk] = []
    size = 0
    lacks_times = False
    for chunk in chunks:
        begins_sentence = chunk.sentence or chunk.times_follow
        if pending and not lacks_times and (begins_sentence or size + len(chunk.data) > _MERGED_BYTES):
            yield _joined(pending)
            pending, size = [], 0
        pending.append(chunk)
        size += len(chunk.data)
        lacks_times = chunk.times_follow
    if pending:
        yield _joined(pending)


def _joined(chunks: list[EncodedChunk]) -> EncodedChunk:
    data = b"".join(chunk.data for chunk in chunks)
    sentence = next((chunk.sentence for chunk in chunks if chunk.sentence), None)
    return EncodedChunk(data, sum(chunk.samples for chunk in chunks), sentence)
