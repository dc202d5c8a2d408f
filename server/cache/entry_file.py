"""An entry in a file: two lines of text, the second one JSON with its key and its checksum, then the block."""

import hashlib
import json
from pathlib import Path

from server.atomic_file import replace_file
from server.cache.entry import Entry

SUFFIX = ".audio"
_FORMAT = b"cached speech 1"


class DamagedEntryError(Exception):
    """A file is not what was written; the message says in which way."""


def write_entry(path: Path, key: str, entry: Entry) -> None:
    """Writes the file, which appears when it is complete. Raises `OSError`."""
    description = {"key": key, "bytes": len(entry.block), "sha256": hashlib.sha256(entry.block).hexdigest()}
    replace_file(path, b"\n".join((_FORMAT, json.dumps(description).encode(), entry.block)))


def read_entry(path: Path, key: str) -> Entry:
    """Reads and checks a file. Raises `OSError` and `DamagedEntryError`."""
    kind, _, rest = path.read_bytes().partition(b"\n")
    line, _, block = rest.partition(b"\n")
    try:
        description = json.loads(line) if kind == _FORMAT else {}
    except ValueError:
        description = {}
    if not isinstance(description, dict) or description.get("key") != key:
        raise DamagedEntryError("it is not an entry with the key in its name")
    if description.get("sha256") != hashlib.sha256(block).hexdigest():
        raise DamagedEntryError("its checksum is not that of its content")
    return Entry(block)
