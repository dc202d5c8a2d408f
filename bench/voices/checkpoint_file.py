"""Writes PyTorch checkpoints without PyTorch: a zip archive with one pickle, and one file for each tensor."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]

_REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
_STORAGE = b"ctorch\nFloatStorage\n"
_NO_HOOKS = b"ccollections\nOrderedDict\n)R"


def write_checkpoint(path: Path, weights: Weights, *keys: str) -> None:
    """Writes `weights`, nested below `keys`, in the format of PyTorch 1.6 and later."""
    tensors = [_text(name) + _tensor(str(number), weights[name]) for number, name in enumerate(weights)]
    table = b"}(" + b"".join(tensors) + b"u"
    for key in reversed(keys):
        table = b"}" + _text(key) + table + b"s"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + table + b".")
        archive.writestr("archive/byteorder", "little")
        for number, array in enumerate(weights.values()):
            archive.writestr(f"archive/data/{number}", array.astype("<f4").tobytes())
        archive.writestr("archive/version", "3\n")


def _tensor(key: str, array: NDArray[np.float32]) -> bytes:
    """Returns the pickle opcodes of _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)."""
    strides = [1]
    for length in reversed(array.shape[1:]):
        strides.insert(0, strides[0] * length)
    storage = b"(" + _text("storage") + _STORAGE + _text(key) + _text("cpu") + _integer(array.size) + b"tQ"
    shape, steps = (b"(" + b"".join(map(_integer, numbers)) + b"t" for numbers in (array.shape, strides))
    return _REBUILD + b"(" + storage + _integer(0) + shape + steps + b"\x89" + _NO_HOOKS + b"tR"


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def _integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)
