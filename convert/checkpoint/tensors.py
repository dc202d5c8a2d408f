"""Tensors whose bytes stay in the checkpoint until they are asked for.

A tensor is a view (offset, shape, strides) of a storage, a storage is a stretch of the file, and several tensors may
share one.
"""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convert.checkpoint.unpickler import shown
from convert.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Region:
    """The bytes of one storage in the file."""

    position: int
    size: int
    crc: int | None


class StorageFile:
    """Where the storages of one checkpoint lie; filled after the pickle in the legacy format."""

    def __init__(self, path: Path, byte_order: Literal["<", ">"] = "<") -> None:
        self.path = path
        self.byte_order = byte_order
        self.regions: dict[str, Region] = {}
        self._last: tuple[str, bytes] = ("", b"")

    def read(self, key: str) -> bytes:
        """A whole storage, checked. The last one is kept, since the weights of an LSTM often share theirs."""
        if key != self._last[0]:
            region = self.regions[key]
            try:
                with self.path.open("rb") as stream:
                    stream.seek(region.position)
                    content = stream.read(region.size)
            except OSError as error:
                raise CheckpointError(f"{self.path} cannot be read any more: {error.strerror or error}") from None
            if len(content) != region.size:
                raise CheckpointError(f"{self.path} became shorter while it was read; copy or download it again")
            if region.crc is not None and zlib.crc32(content) != region.crc:
                raise CheckpointError(
                    f"{self.path} is damaged: storage {shown(key)} has not the checksum that was recorded (CRC-32); "
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
        return 2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor whose bytes are still in the file."""

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
        """Elements."""
        return math.prod(self.shape)

    def array(self) -> np.ndarray:
        """The values, contiguous, in this machine's byte order; bfloat16 becomes float32.

        Raises `CheckpointError` when the storage is damaged, or has fewer elements than the tensor shows of it.
        """
        storage, file = self.storage, self.storage.file
        if self.size > storage.length:
            raise CheckpointError(f"{file.path}: a tensor of {self.size} elements repeats one of {storage.length}")
        brain = storage.dtype == "bfloat16"
        stored = np.dtype("u2" if brain else storage.dtype).newbyteorder(file.byte_order)
        if self.size == 0:
            return np.zeros(self.shape, np.float32 if brain else stored.newbyteorder("="))
        content = file.read(storage.key)
        flat = np.frombuffer(content, stored, storage.length, storage.start * storage.item_size)[self.offset :]
        view = as_strided(flat, self.shape, [stride * stored.itemsize for stride in self.strides], writeable=False)
        values = np.array(view, dtype=stored.newbyteorder("="), order="C")
        return (values.astype(np.uint32) << 16).view(np.float32) if brain else values
