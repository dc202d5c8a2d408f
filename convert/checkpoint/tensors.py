"""Tensors of a checkpoint whose bytes are read from the file on request.

A tensor is a view (offset, shape, strides) of a storage, a storage is a byte range of the file, and several tensors may
share a storage.
"""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from convert.checkpoint.unpickler import printable
from convert.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The position of one storage in the file."""

    position: int
    size: int
    crc: int | None


class StorageFile:
    """The byte ranges of the storages of one checkpoint. In the legacy format they follow after the pickle."""

    def __init__(self, path: Path, byte_order: Literal["<", ">"] = "<") -> None:
        self.path = path
        self.byte_order = byte_order
        self.ranges: dict[str, ByteRange] = {}
        self._last: tuple[str, bytes] = ("", b"")

    def read(self, key: str) -> bytes:
        """A whole storage, with its checksum verified. The last one is cached: weights of an LSTM often share one."""
        if key != self._last[0]:
            span = self.ranges[key]
            try:
                with self.path.open("rb") as stream:
                    stream.seek(span.position)
                    content = stream.read(span.size)
            except OSError as error:
                raise CheckpointError(f"{self.path} cannot be read any more: {error.strerror or error}") from None
            if len(content) != span.size:
                raise CheckpointError(f"{self.path} became shorter while it was read; copy or download it again")
            if span.crc is not None and zlib.crc32(content) != span.crc:
                raise CheckpointError(
                    f"{self.path} is damaged: the checksum (CRC-32) of storage {printable(key)} is wrong; "
                    "copy or download it again"
                )
            self._last = (key, content)
        return self._last[1]


@dataclass(frozen=True, slots=True)
class Storage:
    """A flat array of `length` elements that begins `start` elements into the storage `key`."""

    file: StorageFile
    key: str
    dtype: str
    length: int
    start: int = 0

    @property
    def item_size(self) -> int:
        """Bytes of an element."""
        return 2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor whose bytes are not read yet."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """In elements."""
    offset: int
    """In elements of its storage."""
    storage: Storage

    @property
    def dtype(self) -> str:
        """NumPy's name of the type in the file, or `bfloat16`, which NumPy does not have."""
        return self.storage.dtype if self.storage.dtype == "bfloat16" else np.dtype(self.storage.dtype).name

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def array(self) -> NDArray[Any]:
        """The values, contiguous, in this machine's byte order; bfloat16 becomes float32.

        Raises `CheckpointError` if the storage is damaged or has fewer elements than the tensor.
        """
        storage, file = self.storage, self.storage.file
        if self.size > storage.length:
            raise CheckpointError(f"{file.path}: a tensor of {self.size} elements repeats one of {storage.length}")
        bfloat16 = storage.dtype == "bfloat16"
        stored = np.dtype("u2" if bfloat16 else storage.dtype).newbyteorder(file.byte_order)
        if self.size == 0:
            return np.zeros(self.shape, np.float32 if bfloat16 else stored.newbyteorder("="))
        content = file.read(storage.key)
        flat = np.frombuffer(content, stored, storage.length, storage.start * storage.item_size)[self.offset :]
        view = as_strided(flat, self.shape, [stride * stored.itemsize for stride in self.strides], writeable=False)
        values = np.array(view, dtype=stored.newbyteorder("="), order="C")
        return (values.astype(np.uint32) << 16).view(np.float32) if bfloat16 else values
