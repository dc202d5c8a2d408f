"""Writes PyTorch checkpoints without PyTorch: a minimal pickler, and both file formats."""

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

STORAGES = {
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}


@dataclass
class Name:
    """A global in the pickle."""

    full: str


@dataclass
class Call:
    name: str
    arguments: tuple[Any, ...]


@dataclass
class Persistent:
    identity: Any


@dataclass
class View:
    """A tensor whose fields may be inconsistent."""

    content: bytes
    storage: str
    length: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def plain(array: np.ndarray) -> View:
    strides = tuple(stride // array.itemsize for stride in array.strides)
    return View(array.tobytes(), STORAGES[array.dtype.name], array.size, 0, array.shape, strides)


class Pickler:
    """Writes pickles of protocol 2; the storages of the tensors are collected by key."""

    def __init__(self, *, legacy: bool = False) -> None:
        self.storages: dict[str, View] = {}
        self._legacy = legacy

    def dump(self, content: Any) -> bytes:
        return b"\x80\x02" + self._save(content) + b"."

    def _save(self, value: Any) -> bytes:
        match value:
            case None:
                return b"N"
            case bool():
                return b"\x88" if value else b"\x89"
            case int():
                size = value.bit_length() // 8 + 1
                return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
            case float():
                return b"G" + struct.pack(">d", value)
            case str():
                return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
            case tuple():
                return b"(" + b"".join(map(self._save, value)) + b"t"
            case list():
                return b"](" + b"".join(map(self._save, value)) + b"e"
            case dict():
                return b"}(" + b"".join(self._save(part) for item in value.items() for part in item) + b"u"
            case Name(full):
                return b"c" + "\n".join(full.rsplit(".", 1)).encode() + b"\n"
            case Call(name, arguments):
                return self._save(Name(name)) + self._save(arguments) + b"R"
            case Persistent(identity):
                return self._save(identity) + b"Q"
            case np.ndarray():
                return self._save(plain(value))
            case View():
                return self._save(self._tensor(value))
        raise TypeError(value)

    def _tensor(self, view: View) -> Call:
        key = next((key for key, known in self.storages.items() if known.content is view.content), None)
        if key is None:
            key = str(len(self.storages))
            self.storages[key] = view
        identity = ("storage", Name(f"torch.{view.storage}"), key, "cpu", view.length, *([None] * self._legacy))
        hooks = Call("collections.OrderedDict", ())
        arguments = (Persistent(identity), view.offset, view.shape, view.strides, False, hooks)
        return Call("torch._utils._rebuild_tensor_v2", arguments)


def write_zip(path: Path, content: Any, *, order: str | None = "little", raw: bytes | None = None) -> Path:
    """The format since PyTorch 1.6; `raw` replaces the pickle."""
    pickler = Pickler()
    pickle = pickler.dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle if raw is None else raw)
        if order is not None:
            archive.writestr("archive/byteorder", order)
        for key, view in pickler.storages.items():
            archive.writestr(f"archive/data/{key}", view.content)
        archive.writestr("archive/version", "3\n")
    return path


def write_legacy(path: Path, content: Any) -> Path:
    """The stream of older versions: pickles, then each storage after its number of elements."""
    pickler = Pickler(legacy=True)
    pickle = pickler.dump(content)
    head = [Pickler().dump(part) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    keys = Pickler().dump(list(pickler.storages))
    storages = [struct.pack("<q", view.length) + view.content for view in pickler.storages.values()]
    path.write_bytes(b"".join([*head, pickle, keys, *storages]))
    return path
