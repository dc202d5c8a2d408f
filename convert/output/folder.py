"""A voice folder on disk: written beside the old one, then put in its place."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convert.errors import ConvertError
from convert.graph.builder import Graph


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of `folder` when the block ends well, and vanishes when it does not."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise ConvertError(f"cannot write to {folder.parent}: {error.strerror}") from None
    try:
        yield fresh
        fresh.chmod(0o755)
        old = folder.with_name(f".{folder.name}.old")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ConvertError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Removes what a crash left behind; a voice that was being replaced comes back."""
    old = folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():
        old.rename(folder)
    leftovers: Iterable[Path] = [old, *folder.parent.glob(f".{folder.name}.*.partial")]
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)


def write_graph(graph: Graph, folder: Path) -> dict[str, Any]:
    path = folder / f"{graph.name}.onnx"
    path.write_bytes(graph.build().SerializeToString(deterministic=True))
    return {"file": path.name, "sha256": digest(path), "bytes": path.stat().st_size, "parameters": graph.parameters}


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
