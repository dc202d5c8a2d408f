"""A recording that texts are spoken like, in this process: opened once, and used in any number of calls."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from server.config import ReferencesSection
from server.errors import RequestError
from server.references.analysis.measurement import analyze
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.recording import Recording
from server.references.reference_cache import ReferenceCache


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording that was decoded and analyzed."""

    recording: Recording
    analysis: RecordingAnalysis
    """How somebody speaks in it, in units."""
    transcript: str | None = None
    """What is said in it."""

    @classmethod
    def open(cls, source: "Path | str | bytes", transcript: str | None = None) -> Self:
        """From a file, or its bytes: WAV, MP3, FLAC, M4A, Ogg or WebM, 1 to 60 seconds of speech.

        It takes some tenths of a second. Raises `RequestError` for a file that cannot be read or used.
        """
        return cls.opened(recording_cache(ReferencesSection(memory_mb=0)), source, transcript)

    @classmethod
    def opened(cls, cache: ReferenceCache, source: "Path | str | bytes", transcript: str | None = None) -> Self:
        """The same, from a cache where it was opened before."""
        found = cache.open(source if isinstance(source, bytes) else _read(Path(source)))
        return cls(found.recording, found.analysis, transcript)


ReferenceSource: TypeAlias = Reference | Path | str | bytes
"""A recording as a caller gives it: opened, a file, or the bytes of one."""


def recording_cache(settings: ReferencesSection) -> ReferenceCache:
    """A cache of recordings in this process."""
    return ReferenceCache(settings, analyze)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(f"the recording {path} cannot be read: {reason}", param="reference") from None
