"""A stored reference in a file: two lines of text, the second one JSON, then the recording as it was sent."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

import pydantic
from pydantic import TypeAdapter

from server.atomic_file import replace_file
from server.references.analysis.recording_analysis import RecordingAnalysis

SUFFIX = ".reference"
_FORMAT = b"reference 1\n"
_MAX_LINE = 1_000_000
"""Bytes of the description."""


@dataclass(frozen=True, slots=True)
class StoredReference:
    """What is kept of a recording, besides its bytes."""

    id: str
    """`ref_` and 32 hexadecimal digits. The same file of the same client has the same id."""
    name: str
    consent: str
    """What the client says about the speaker's consent."""
    transcript: str | None
    created: float
    """Seconds since 1970; the last time that the same file was added."""
    size: int
    """Bytes of the file."""
    digest: str
    """SHA-256 of the file, 64 hexadecimal digits."""
    format: str
    """Of the container, `wav`."""
    seconds: float
    """Of the whole file."""
    analysis: RecordingAnalysis | None
    """None: another version of the server has stored it, and the recording must be analyzed again."""
    expires: float | None = None
    """Seconds since 1970, when it is deleted; None: never. Not in the file, because the configuration can change."""


class DamagedReferenceError(Exception):
    """A file is not what was written; the message says in which way."""


_adapter = TypeAdapter(StoredReference)
_analysis_fields = frozenset(each.name for each in fields(RecordingAnalysis))


def write_reference(path: Path, reference: StoredReference, data: bytes) -> None:
    """Writes the file, which appears when it is complete. Raises `OSError`."""
    description = asdict(replace(reference, expires=None))
    replace_file(path, b"".join((_FORMAT, json.dumps(description).encode(), b"\n", data)), private=True)


def read_reference(path: Path) -> StoredReference:
    """Reads only the description. Raises `OSError` and `DamagedReferenceError`."""
    with path.open("rb") as file:
        return _description(path, file)


def read_recording(path: Path) -> bytes:
    """Reads and checks the recording. Raises `OSError` and `DamagedReferenceError`."""
    with path.open("rb") as file:
        reference = _description(path, file)
        data = file.read()
    if hashlib.sha256(data).hexdigest() != reference.digest:
        raise DamagedReferenceError("its checksum is not that of its content")
    return data


def _description(path: Path, file: BinaryIO) -> StoredReference:
    if file.readline(len(_FORMAT)) != _FORMAT:
        raise DamagedReferenceError("it is not a reference")
    try:
        reference = _adapter.validate_python(_known_analysis(json.loads(file.readline(_MAX_LINE))))
    except (ValueError, pydantic.ValidationError):
        raise DamagedReferenceError("its description cannot be read") from None
    if reference.id != path.name.removesuffix(SUFFIX):
        raise DamagedReferenceError("it has the name of another one")
    return reference


def _known_analysis(description: Any) -> Any:
    """Without an analysis that has other fields."""
    if isinstance(description, Mapping) and isinstance(analysis := description.get("analysis"), Mapping):
        return description if analysis.keys() == _analysis_fields else {**description, "analysis": None}
    return description
