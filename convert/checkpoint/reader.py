"""Reads PyTorch checkpoints without PyTorch: .pth -> {name: array}.

There are two formats: a zip archive (PyTorch 1.6 and later) with `<name>/data.pkl` and one uncompressed entry per
storage, and the legacy stream of pickles followed by the storages. In both, the pickle describes tensors as views of
storages. Their bytes are read by `Tensor.array()`, so that the optimizer state of a training checkpoint costs nothing.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convert.checkpoint.tensors import ByteRange, Storage, StorageFile, Tensor
from convert.checkpoint.unpickler import GlobalName, printable, read_pickle
from convert.errors import CheckpointError, ForbiddenPickleError

_ZIP_MAGIC = b"PK\x03\x04"
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MAX_PICKLE_BYTES = 8 << 20
"""A pickle that describes ten thousand tensors has less than one MiB."""
_MAX_EXPANSION = 8
"""Largest size of the weights in memory, relative to the file: half precision doubles, tied weights repeat."""

_DTYPES = {
    "Double": "f8",
    "Float": "f4",
    "Half": "f2",
    "BFloat16": "bfloat16",
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
}
_STORAGES = {f"torch.{name}Storage": dtype for name, dtype in _DTYPES.items()} | {"torch.storage.UntypedStorage": "u1"}
_ALLOWED = {
    *_STORAGES,
    *("collections.OrderedDict", "collections.Counter", "torch.Size", "torch.device"),
    *("torch._utils._rebuild_parameter", "torch._utils._rebuild_tensor_v2"),
}


def read_checkpoint(path: Path) -> Any:
    """The content of a file written by `torch.save`: dicts, lists, numbers, strings, and tensors as lazy `Tensor`.

    Raises `CheckpointError` if the file is missing, damaged or no checkpoint, and `ForbiddenPickleError` if it names a
    function that does not rebuild tensors. Nothing in the file is executed.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(256)
            stream.seek(0)
            if head.startswith(_ZIP_MAGIC):
                return _read_zip(path, stream)
            _check_known_non_checkpoints(path, head)
            return _read_legacy(path, stream)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    except ForbiddenPickleError as error:
        raise ForbiddenPickleError(
            f"{path} is refused: {error}. Nothing in it was executed. If you trust the file, load it with PyTorch and "
            "save only its weights"
        ) from None
    except CheckpointError as error:
        raise CheckpointError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def read_weights(path: Path, *keys: str) -> dict[str, NDArray[Any]]:
    """The weights at the path of `keys` (`"model"`, `"generator"`) by name, contiguous, floating types as float32.

    A prefix `module.` that all names share (from training on several GPUs) is removed. Raises `CheckpointError` like
    `read_checkpoint`, and if a key is missing.
    """
    content, place = read_checkpoint(path), ""
    for key in keys:
        if not isinstance(content, dict) or key not in content:
            raise CheckpointError(f"{path} has no {key!r} {place or 'at its top'}; there is: {_listed(content)}")
        content, place = content[key], f"{place or 'under'} [{key!r}]"
    if not isinstance(content, dict) or not content or not all(isinstance(value, Tensor) for value in content.values()):
        raise CheckpointError(f"{path} holds no table of weights {place or 'at its top'}; there is: {_listed(content)}")
    in_memory = sum(4 * tensor.size for tensor in content.values())
    if in_memory > _MAX_EXPANSION * max(path.stat().st_size, 1 << 20):
        raise CheckpointError(f"{path} declares {in_memory >> 20} MiB of weights, far more than the file holds")
    prefix = "module." if all(str(name).startswith("module.") for name in content) else ""
    return {str(name).removeprefix(prefix): _as_weight(tensor) for name, tensor in content.items()}


def _as_weight(tensor: Tensor) -> NDArray[Any]:
    values = tensor.array()
    return values.astype(np.float32, copy=False) if np.issubdtype(values.dtype, np.floating) else values


def _listed(content: Any) -> str:
    if not isinstance(content, dict):
        return f"a {type(content).__name__}"
    names = [printable(str(key)) for key in list(content)[:12]]
    return ", ".join(names + ["..."] * (len(content) > 12)) or "nothing"


def _read_zip(path: Path, stream: BinaryIO) -> Any:
    file = _zip_storages(path, stream)
    if file.ranges["data.pkl"].size > _MAX_PICKLE_BYTES:
        raise CheckpointError("its data.pkl is too large to be a description of tensors")
    if "byteorder" in file.ranges:
        order = file.read("byteorder")
        if order not in (b"little", b"big"):
            raise CheckpointError("its entry 'byteorder' is neither little nor big")
        file.byte_order = ">" if order == b"big" else "<"

    def storage(key: str, dtype: str, length: int, view: Any) -> Storage:
        found = Storage(file, f"data/{key}", dtype, length)
        span = file.ranges.get(found.key)
        if span is None:
            raise CheckpointError(f"storage {printable(key)} is missing in the archive; download it again")
        declared = length * found.item_size
        if span.size < declared:
            raise CheckpointError(f"storage {printable(key)} has {span.size} bytes, {declared} declared")
        return found

    return _unpickle(io.BytesIO(file.read("data.pkl")), storage)


def _zip_storages(path: Path, stream: BinaryIO) -> StorageFile:
    """The byte ranges of the archive's entries, by their names below its top folder."""
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise CheckpointError("the archive has no readable end: it was cut off or damaged; download it again") from None
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise CheckpointError("is a zip archive, but no PyTorch checkpoint: it should hold one <name>/data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}constants.pkl" in entries:
        raise CheckpointError("is a TorchScript program, not a checkpoint of weights")
    file = StorageFile(path)
    for name, entry in entries.items():
        if name.startswith(root):
            file.ranges[name.removeprefix(root)] = _entry_range(stream, entry)
    return file


def _entry_range(stream: BinaryIO, entry: zipfile.ZipInfo) -> ByteRange:
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise CheckpointError(
            f"its entry {printable(entry.filename)} is compressed or encrypted, as PyTorch never does"
        )
    stream.seek(entry.header_offset)
    header = stream.read(30)
    if len(header) < 30 or not header.startswith(_ZIP_MAGIC):
        raise CheckpointError(f"its entry {printable(entry.filename)} is damaged; download it again")
    name, extra = struct.unpack("<HH", header[26:])
    return ByteRange(entry.header_offset + 30 + name + extra, entry.file_size, entry.CRC)


def _read_legacy(path: Path, stream: BinaryIO) -> Any:
    head = io.BytesIO(stream.read(_MAX_PICKLE_BYTES))
    file = StorageFile(path)
    needed: dict[str, Storage] = {}

    def storage(key: str, dtype: str, length: int, view: Any) -> Storage:
        whole = needed.setdefault(key, Storage(file, key, dtype, length))
        if view is None:
            return whole
        match view:
            case (str(), int(start), int(count)) if start >= 0 and count >= 0 and start + count <= whole.length:
                return Storage(file, key, dtype, count, start)
        raise CheckpointError(f"it has a view outside of storage {printable(key)}")

    _check_legacy_header(head)
    content = _unpickle(head, storage)
    keys = _unpickle(head, _no_storage)
    if not isinstance(keys, list) or not all(isinstance(key, str) and key in needed for key in keys):
        raise CheckpointError("the list of its storages is damaged")
    end = stream.seek(0, io.SEEK_END)
    position = head.tell()
    for key in keys:
        stream.seek(position)
        count = int.from_bytes(stream.read(8), "little", signed=True)
        size = needed[key].length * needed[key].item_size
        if count != needed[key].length or position + 8 + size > end:
            raise CheckpointError(f"it ends before its storage {printable(key)} or is damaged; download it again")
        file.ranges[key] = ByteRange(position + 8, size, None)
        position += 8 + size
    if missing := needed.keys() - file.ranges.keys():
        raise CheckpointError(f"storage {printable(min(missing))} is missing in it; download it again")
    return content


def _check_legacy_header(head: BinaryIO) -> None:
    """Reads the three pickles before the content: magic number, protocol version, sizes of the writer's C types."""
    try:
        magic = _unpickle(head, _no_storage)
    except CheckpointError:
        magic = None
    if magic != _LEGACY_MAGIC:
        raise CheckpointError("is not a PyTorch checkpoint: neither a zip archive nor the stream of older versions")
    if _unpickle(head, _no_storage) != _LEGACY_PROTOCOL:
        raise CheckpointError("is written in an unsupported protocol version of PyTorch")
    _unpickle(head, _no_storage)


def _no_storage(key: str, dtype: str, length: int, view: Any) -> Storage:
    raise CheckpointError("a storage is in an unexpected place")


def _unpickle(stream: BinaryIO, storage: Callable[[str, str, int, Any], Storage]) -> Any:
    def persistent(identity: Any) -> Storage:
        match identity:
            case "storage", GlobalName(kind), str(key), str(), int(length), *view if kind in _STORAGES and length >= 0:
                return storage(key, _STORAGES[kind], length, view[0] if view else None)
        raise ForbiddenPickleError("it has a persistent id that is not a storage")

    return read_pickle(stream, allowed=_ALLOWED, call=_call, persistent=persistent)


def _call(name: str, arguments: tuple[Any, ...]) -> Any:
    """The result of a call in a checkpoint. Raises `ForbiddenPickleError` for unexpected arguments."""
    match name, arguments:
        case "torch._utils._rebuild_tensor_v2", (Storage() as flat, int(offset), tuple(shape), tuple(strides), *rest):
            if len(rest) > 2 and rest[2]:
                raise ForbiddenPickleError("it has a tensor that is a conjugate or negative view")
            return _tensor(flat, offset, shape, strides)
        case "torch._utils._rebuild_parameter", (Tensor() as tensor, *_):
            return tensor
        case "collections.OrderedDict" | "collections.Counter", ():
            return {}
        case "collections.OrderedDict", (list(pairs),) if all(_is_item(pair) for pair in pairs):
            return dict(pairs)
        case "collections.Counter", (dict(counts),):
            return dict(counts)
        case "torch.Size", (tuple() | list() as sizes,) if all(isinstance(size, int) for size in sizes):
            return tuple(sizes)
        case "torch.device", (str(kind), *_):
            return kind
    raise ForbiddenPickleError(f"it calls {name} with arguments that no checkpoint has")


def _is_item(pair: Any) -> bool:
    return isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str | int)


def _tensor(storage: Storage, offset: int, shape: tuple[Any, ...], strides: tuple[Any, ...]) -> Tensor:
    fits = len(shape) == len(strides) <= 32 and all(isinstance(n, int) and n >= 0 for n in (offset, *shape, *strides))
    if fits and 0 not in shape:
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        fits = last < storage.length
    if not fits:
        raise CheckpointError(f"it has a tensor that reaches outside of its storage {printable(storage.key)}")
    return Tensor(shape, strides, offset, storage)


def _check_known_non_checkpoints(path: Path, head: bytes) -> None:
    if head.startswith(b"version https://git-lfs"):
        raise CheckpointError(f"{path} is only a pointer of Git LFS; run 'git lfs pull' in its folder")
    if not head:
        raise CheckpointError(f"{path} is empty; download it again")
