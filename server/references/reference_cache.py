"""Recordings that were decoded and analyzed, in memory. Each file is decoded once, also for concurrent requests."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future

from server.cache.sized_lru import SizedLru
from server.config import ReferencesSection
from server.errors import RequestError
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.analyzed_recording import AnalyzedRecording
from server.references.decoding import PARAM, decode
from server.references.recording import Recording

_MEBIBYTE = 2**20
_OVERHEAD = 2000
"""Bytes of the objects around the samples."""


class ReferenceCache:
    """The most recently used recordings, by the digest of their files. Safe for use by several threads."""

    def __init__(self, settings: ReferencesSection, analyze: Callable[[Recording], RecordingAnalysis]) -> None:
        self._settings = settings
        self._analyze = analyze
        self._lock = threading.Lock()
        self._known: SizedLru[AnalyzedRecording] = SizedLru(_capacity(settings), _size)
        self._running: dict[str, Future[AnalyzedRecording]] = {}
        """By digest."""
        self.hits = 0
        """Recordings that were in memory, or that another request was opening."""
        self.misses = 0
        """Recordings that were decoded and analyzed."""

    def reconfigure(self, settings: ReferencesSection) -> None:
        """Takes other limits."""
        with self._lock:
            self._settings = settings
            self._known = self._known.resized(_capacity(settings))

    def known(self, digest: str) -> AnalyzedRecording | None:
        """The recording of a file with this digest, if it is in memory. Does not block."""
        with self._lock:
            known = self._known.get(digest)
            self.hits += known is not None
            return known

    def forget(self, digest: str) -> None:
        """Forgets a recording. One that is opened just now will not be kept."""
        with self._lock:
            self._known.pop(digest, None)
            self._running.pop(digest, None)

    def open(self, data: bytes) -> AnalyzedRecording:
        """The recording of a file, and its analysis. Blocks. Raises `RequestError`."""
        self._require_size(data)
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if (known := self._known.get(digest)) is not None:
                self.hits += 1
                return known
            running = self._running.get(digest)
            is_mine = running is None
            self.hits += not is_mine
            if running is None:
                running = self._running[digest] = Future()
        if is_mine:
            self._compute(digest, data, running)
        return running.result()

    def _compute(self, digest: str, data: bytes, result: Future[AnalyzedRecording]) -> None:
        try:
            recording = decode(data, self._settings.max_seconds)
            opened = AnalyzedRecording(recording, self._analyze(recording))
        except BaseException as error:  # noqa: BLE001  raised by `result`
            result.set_exception(error)
        else:
            result.set_result(opened)
            with self._lock:
                self.misses += 1
                if self._running.get(digest) is result and self._known.fits(opened):
                    self._known[digest] = opened
        finally:
            with self._lock:
                if self._running.get(digest) is result:
                    del self._running[digest]

    def _require_size(self, data: bytes) -> None:
        settings = self._settings
        if not settings.enabled:
            raise RequestError(
                "this server takes no references (references.enabled in config.yaml)",
                param=PARAM,
                code="references_disabled",
            )
        if len(data) > settings.max_bytes:
            raise RequestError(
                f"the recording has {len(data):,} bytes; at most {settings.max_bytes:,} are taken "
                "(references.max_megabytes in config.yaml)",
                param=PARAM,
                code="audio_too_large",
            )


def _capacity(settings: ReferencesSection) -> int:
    """Bytes. A server that takes no references keeps none in memory, where they would be used further."""
    return settings.memory_mb * _MEBIBYTE if settings.enabled else 0


def _size(opened: AnalyzedRecording) -> int:
    return opened.recording.audio.samples.nbytes + _OVERHEAD
