"""The profiles of voices, measured once: kept in memory, and in files where the server keeps files."""

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from server.atomic_file import replace_file
from server.errors import SpeechError
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.synthesis.reference.voice_profile import TEXT, MeasurableVoice, VoiceProfile, measure_voice

log = logging.getLogger(__name__)

VERSION = 1
"""Of the measurement; it is raised when the figures change their meaning."""
MEASURES = hashlib.sha256(repr((VERSION, TEXT, RecordingAnalysis.__dataclass_fields__.keys())).encode()).hexdigest()


class VoiceProfiles:
    """The profiles of the speakers of voices. Thread-safe."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is that of the files. It is made where the one above it exists; otherwise nothing is written."""
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, Future[VoiceProfile]] = {}
        """Key -> the profile, which is measured while others wait for it."""

    def profile(self, voice: MeasurableVoice, speaker: str) -> VoiceProfile:
        """The profile of a speaker. It blocks while it is measured, some seconds, by the first call for a voice.

        Raises what `measure_voice` raises; the next call tries again.
        """
        key = hashlib.sha256(f"{MEASURES}\n{voice.voice.digest}\n{speaker}".encode()).hexdigest()
        with self._lock:
            waiting = self._known.get(key)
            measuring: Future[VoiceProfile] = waiting or Future()
            self._known[key] = measuring
        if waiting is None:
            self._measure(measuring, key, voice, speaker)
        return measuring.result()

    def prepare(self, voice: MeasurableVoice, speaker: str) -> None:
        """Measures a speaker in the background, so that the first recording need not wait.

        The end of the process waits for it: ONNX Runtime aborts a process that ends in the middle of a run.
        """
        threading.Thread(target=self._prepare, args=(voice, speaker), name="voice-profile").start()

    def _prepare(self, voice: MeasurableVoice, speaker: str) -> None:
        try:
            self.profile(voice, speaker)
        except SpeechError as error:
            log.warning("the emotions of voice %r cannot be measured: %s", voice.voice.name, error)

    def _measure(self, measuring: "Future[VoiceProfile]", key: str, voice: MeasurableVoice, speaker: str) -> None:
        try:
            profile = self._read(key)
            if profile is None:
                profile = measure_voice(voice, speaker)
                self._write(key, profile)
            measuring.set_result(profile)
        except BaseException as error:
            with self._lock:
                del self._known[key]
            measuring.set_exception(error)
            raise

    def _read(self, key: str) -> VoiceProfile | None:
        """From its file; None where there is no valid one."""
        if self._folder is None:
            return None
        try:
            document: Mapping[str, Any] = json.loads((self._folder / f"{key}.json").read_bytes())
            return VoiceProfile.of_document(document)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def _write(self, key: str, profile: VoiceProfile) -> None:
        if self._folder is None or not self._folder.parent.is_dir():
            return
        try:
            self._folder.mkdir(exist_ok=True)
            replace_file(self._folder / f"{key}.json", json.dumps(profile.document()).encode())
        except OSError as error:
            log.warning("the profile of a voice cannot be kept in %s: %s", self._folder, error.strerror)
