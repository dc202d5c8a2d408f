"""The references that clients keep: a file each, in a folder of their client. All methods block; thread-safe."""

import errno
import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from server.config import ReferencesSection
from server.errors import ReferenceLimitError, RequestError, StoreError
from server.references.analyzed_recording import AnalyzedRecording
from server.references.reference_file import (
    SUFFIX,
    DamagedReferenceError,
    StoredReference,
    read_recording,
    read_reference,
    write_reference,
)

_log = logging.getLogger(__name__)

FOLDER = "references"
MAX_CHARACTERS = {"name": 200, "consent": 2000, "transcript": 2000}
_ID = re.compile(r"ref_[0-9a-f]{32}")
_DAY = 86400.0
_MEBIBYTE = 2**20
_TEMPORARY_SECONDS = 3600.0
"""After which a temporary file is a remainder: its writer was killed."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class ReferenceStore:
    """Recordings below `references` in the storage folder, which is made with the first one.

    A client is the name of its key; all clients without a key are one. What is older than `references.keep` days does
    not exist any more, and `sweep` deletes its file. All methods raise `StoreError` where the disk does not allow it.
    """

    def __init__(self, storage: Path, settings: ReferencesSection, clock: Callable[[], float] = time.time) -> None:
        """`storage` is `storage.path` of the configuration; `clock` gives seconds since 1970."""
        self._storage = storage
        self._root = storage / FOLDER
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        """Held while files are added or deleted, so that the limits hold."""
        self._reported: set[Path] = set()
        """Damaged files in the log."""

    def reconfigure(self, settings: ReferencesSection) -> None:
        """Takes other limits."""
        self._settings = settings

    def add(
        self,
        client_name: str,
        data: bytes,
        opened: AnalyzedRecording,
        *,
        name: str,
        consent: str,
        transcript: str | None = None,
    ) -> StoredReference:
        """Keeps a recording; `data` is its file, `opened` what is in it. The same file replaces what is kept of it.

        What is too old counts for the limits until `sweep` has deleted it.

        Raises `RequestError` without a statement of consent, or for a text that is too long, and `ReferenceLimitError`.
        """
        require_texts(name, consent, transcript)
        reference = StoredReference(
            id=_reference_id(client_name, data),
            name=name,
            consent=consent,
            transcript=transcript,
            created=self._clock(),
            size=len(data),
            digest=opened.recording.digest,
            format=opened.recording.format,
            seconds=opened.recording.seconds,
            analysis=opened.analysis,
        )
        with self._lock, self._disk("kept"):
            self._require_place(client_name, reference)
            path = self._path(client_name, reference.id)
            self._make_folder(path.parent)
            write_reference(path, reference, data)
        return self._dated(reference)

    def list(self, client_name: str) -> Sequence[StoredReference]:
        """The references of a client, the newest first."""
        with self._disk("listed"):
            found = [self._read(path) for path in _references(self._folder(client_name))]
        return sorted(filter(None, found), key=lambda each: (-each.created, each.id))

    def get(self, client_name: str, reference_id: str) -> StoredReference | None:
        """A reference of a client; None for another's, and for one that is too old."""
        if not _ID.fullmatch(reference_id):
            return None
        with self._disk("read"):
            return self._read(self._path(client_name, reference_id))

    def read(self, client_name: str, reference_id: str) -> bytes | None:
        """The file of a reference, as it was sent; None where `get` has none."""
        if self.get(client_name, reference_id) is None:
            return None
        path = self._path(client_name, reference_id)
        with self._disk("read"):
            try:
                return read_recording(path)
            except FileNotFoundError:  # deleted just now
                return None
            except DamagedReferenceError as error:
                self._report(path, error)
                return None

    def delete(self, client_name: str, reference_id: str) -> bool:
        """Deletes a reference at once; returns whether there was one, which may have been damaged or too old."""
        if not _ID.fullmatch(reference_id):
            return False
        path = self._path(client_name, reference_id)
        with self._lock, self._disk("deleted"):
            if not path.exists():
                return False
            self._delete(path)
        return True

    def sweep(self, client_name: str | None = None) -> Sequence[str]:
        """Deletes what is too old, and what was left of writers that were killed; returns the digests of the files.

        Of one client, or of all.
        """
        with self._lock, self._disk("deleted"):
            folders = _children(self._root) if client_name is None else [self._folder(client_name)]
            return [digest for folder in folders for digest in self._sweep(folder)]

    def _sweep(self, folder: Path) -> Sequence[str]:
        for path in _children(folder):
            if path.name.startswith(".") and time.time() - path.stat().st_mtime > _TEMPORARY_SECONDS:
                path.unlink(missing_ok=True)
        return [digest for path in _references(folder) if (digest := self._delete_if_old(path)) is not None]

    def _delete_if_old(self, path: Path) -> str | None:
        """The digest of a reference that was too old, empty for a damaged one; None for others."""
        try:
            reference = read_reference(path)
            created, digest = reference.created, reference.digest
        except DamagedReferenceError:
            created, digest = path.stat().st_mtime, ""
        if not self._has_ended(self._expiry(created)):
            return None
        self._delete(path)
        return digest

    def _require_place(self, client_name: str, new: StoredReference) -> None:
        folder, settings = self._folder(client_name), self._settings
        others = [path for path in _references(folder) if path.name != new.id + SUFFIX]
        if len(others) >= settings.client_references:
            raise ReferenceLimitError(
                f"{len(others)} references are kept, and that is the limit for one client "
                "(references.client_references in config.yaml); delete one"
            )
        used = sum(path.stat().st_size for path in others) + new.size
        if used > settings.client_megabytes * _MEBIBYTE:
            raise ReferenceLimitError(
                f"with this recording the references have {used / _MEBIBYTE:.1f} MiB, and one client may have "
                f"{settings.client_megabytes} (references.client_megabytes in config.yaml); delete one"
            )

    def _read(self, path: Path) -> StoredReference | None:
        """The reference in a file; None where there is none that is whole and young enough."""
        try:
            reference = self._dated(read_reference(path))
        except FileNotFoundError:
            return None
        except DamagedReferenceError as error:
            self._report(path, error)
            return None
        return None if self._has_ended(reference.expires) else reference

    def _report(self, path: Path, error: DamagedReferenceError) -> None:
        if path not in self._reported:
            self._reported.add(path)
            _log.warning("the reference %s is damaged and is left out: %s", path, error)

    def _dated(self, reference: StoredReference) -> StoredReference:
        return replace(reference, expires=self._expiry(reference.created))

    def _expiry(self, created: float) -> float | None:
        return created + self._settings.keep * _DAY if self._settings.keep else None

    def _has_ended(self, expires: float | None) -> bool:
        return expires is not None and self._clock() >= expires

    def _make_folder(self, folder: Path) -> None:
        self._storage.mkdir(parents=True, exist_ok=True)
        for each in (self._root, folder):
            each.mkdir(mode=0o700, exist_ok=True)

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # others are in it
            path.parent.rmdir()

    def _folder(self, client_name: str) -> Path:
        return self._root / hashlib.sha256(client_name.encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def _path(self, client_name: str, reference_id: str) -> Path:
        return self._folder(client_name) / f"{reference_id}{SUFFIX}"

    @contextmanager
    def _disk(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            is_full = error.errno in _NO_SPACE
            remedy = "free space" if is_full else "its folder must be writable for the server"
            message = f"references cannot be {action} in {self._root}: {error.strerror}; {remedy}"
            raise StoreError(message, is_full=is_full) from None


def require_texts(name: str, consent: str, transcript: str | None) -> None:
    """Raises `RequestError` without a statement of consent, and for a text that is too long."""
    if not consent.strip():
        raise RequestError(
            "nothing is stored without consent: say in `consent` who speaks, and that they agree to this use",
            param="consent",
            code="consent_missing",
        )
    for param, text in (("name", name), ("consent", consent), ("transcript", transcript or "")):
        if len(text) > MAX_CHARACTERS[param]:
            raise RequestError(
                f"{param} has {len(text):,} characters; at most {MAX_CHARACTERS[param]:,} are kept", param=param
            )


def _reference_id(client_name: str, data: bytes) -> str:
    digest = hashlib.sha256(client_name.encode("utf-8", "surrogateescape") + b"\0")
    digest.update(data)
    return f"ref_{digest.hexdigest()[:32]}"


def _references(folder: Path) -> list[Path]:
    return [path for path in _children(folder) if path.suffix == SUFFIX and _ID.fullmatch(path.stem)]


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:  # nothing was stored yet
        return []
