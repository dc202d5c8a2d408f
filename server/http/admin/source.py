"""Which sources an administrator may convert: folders below a configured one, and models of ModelScope."""

import re
from pathlib import Path

from server.errors import RequestError

_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")


def resolve_source(source: str, import_from: Path | None) -> str:
    """The absolute path of a folder, or the name of a model. Raises `RequestError`."""
    if import_from and (folder := _existing(import_from / source)):
        if not folder.is_relative_to(import_from.resolve()):
            raise RequestError(f"source {source!r} is outside of models.import_from", param="source")
        return str(folder)
    if _MODEL_ID.fullmatch(source):
        return source
    place = f"no folder in models.import_from ({import_from})" if import_from else "models.import_from is not set"
    raise RequestError(
        f"source {source[:200]!r} is not the name of a model of ModelScope, as owner/name, and {place}", param="source"
    )


def _existing(path: Path) -> Path | None:
    try:
        resolved = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # a name with zeros, a name that is too long, a circle of links
        return None
    return resolved if resolved.is_dir() else None
