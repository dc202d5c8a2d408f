"""The speaker encoders of a process, and the embeddings of the recordings that were used last."""

import threading
from pathlib import Path
from typing import TypeAlias

from cachetools import LRUCache

from server.errors import RequestError
from server.references.recording import Recording
from server.runtime.runtime import Runtime
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.types import Floats

MAX_ENCODERS = 4
MAX_EMBEDDINGS = 256
"""A kilobyte each."""

EncoderVersion: TypeAlias = tuple[Path, int, int]
"""File, modification time in nanoseconds, size."""
EmbeddingKey: TypeAlias = tuple[EncoderVersion, str]
"""Encoder, digest of the recording."""


class SpeakerEncoders:
    """Opens every encoder once, and computes the embedding of a recording once. Thread-safe; computing blocks."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._turn = threading.Lock()
        """One recording at a time is computed: requests would compete for the same CPUs. Guards the encoders."""
        self._encoders: LRUCache[EncoderVersion, SpeakerEncoder] = LRUCache(MAX_ENCODERS)
        self._lock = threading.Lock()
        """Guards the embeddings. Nothing is computed under it: what is known waits for nobody."""
        self._embeddings: LRUCache[EmbeddingKey, Floats] = LRUCache(MAX_EMBEDDINGS)

    def encoder(self, path: Path) -> SpeakerEncoder:
        """The encoder of a file. Raises `VoiceError` for another graph."""
        with self._turn:
            return self._open(_version(path))

    def embedding(self, path: Path, recording: Recording) -> Floats:
        """(1, size), by the encoder of a file. Raises what `encoder` and `SpeakerEncoder.embed` raise."""
        key = _version(path), recording.digest
        known = self._known(key)
        if known is not None:
            return known
        with self._turn:
            known = self._known(key)  # meanwhile, for another request
            return self._computed(key, recording) if known is None else known

    def forget(self, digest: str) -> None:
        """Forgets the embeddings of a recording. Does not block."""
        with self._lock:
            for key in [key for key in self._embeddings if key[1] == digest]:
                del self._embeddings[key]

    def _known(self, key: EmbeddingKey) -> Floats | None:
        with self._lock:
            return self._embeddings.get(key)

    def _computed(self, key: EmbeddingKey, recording: Recording) -> Floats:
        try:
            embedding = self._open(key[0]).embed(recording.audio)
        except RequestError as error:
            raise RequestError(str(error), param="reference", code=error.code) from None
        with self._lock:
            self._embeddings[key] = embedding
        return embedding

    def _open(self, version: EncoderVersion) -> SpeakerEncoder:
        if version not in self._encoders:
            self._encoders[version] = SpeakerEncoder(self._runtime.open(version[0]))
        return self._encoders[version]


def _version(path: Path) -> EncoderVersion:
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size
