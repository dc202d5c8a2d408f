"""The result of a job: one audio file, or a ZIP of audio files, of their times and of a manifest."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, uuid5

from server.atomic_file import open_atomic
from server.audio.encoders import OutputFormat
from server.errors import NothingToSpeakError
from server.jobs.documents.file_names import MANIFEST
from server.jobs.job import JobResult, Part
from server.jobs.job_files import RESULT_NAME
from server.jobs.rendering.audio_file import Pause, write_audio
from server.jobs.rendering.cue_report import cue_warnings
from server.jobs.rendering.part_files import PartFiles
from server.jobs.rendering.placed_times import joined_timing
from server.jobs.rendering.timeline import Timeline, blocks, recording_of, timeline
from server.timestamps.formats import TimestampFormat

MAX_WARNINGS = 100
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of all files in a ZIP, so that equal parts give equal bytes."""
_HASHED_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """What the result of a job is."""

    title: str
    """Of the result, without a suffix; a safe name of a file."""
    output: OutputFormat
    """With a label, if labels are on; each file gets a number of its own."""
    label_seed: str
    """What the numbers of labels follow from."""
    has_many: bool
    """Whether there is a file for each name of a part."""
    times: TimestampFormat | None
    sentence_silence: float
    """Seconds between two parts."""


@dataclass(frozen=True, slots=True)
class _AudioFile:
    name: str
    """Without its suffix."""
    line: Timeline


class ResultWriter:
    """Writes the result of one job. `pause` is called after each second of audio: it may wait, and raise."""

    def __init__(self, result: ResultFormat, files: PartFiles, pause: Pause) -> None:
        self._format = result
        self._files = files
        self._pause = pause

    def write(self, parts: Sequence[Part], folder: Path) -> JobResult:
        """Writes the result of all parts into the folder, atomically.

        Raises `NothingToSpeakError` if no part has audio, `RequestError`, `OSError`, and what `pause` raises.
        """
        audio_files = list(self._audio_files(parts))
        if not audio_files:
            raise NothingToSpeakError
        warnings = _warnings(parts, audio_files)
        is_zip = self._format.has_many or self._format.times is not None
        with open_atomic(folder / RESULT_NAME) as file:
            if is_zip:
                media_type, suffix = "application/zip", "zip"
                self._write_zip(audio_files, warnings, file)
            else:
                media_type, suffix = self._write_audio(audio_files[0], file), self._format.output.name
            size, digest = _digest(file)
        seconds = sum(each.line.samples / each.line.rate for each in audio_files)
        return JobResult(f"{self._format.title}.{suffix}", media_type, size, digest, seconds, warnings)

    def _audio_files(self, parts: Sequence[Part]) -> Iterator[_AudioFile]:
        groups = groupby(parts, lambda part: part.content.name if self._format.has_many else self._format.title)
        for name, group in groups:
            if recordings := [found for part in group if (found := recording_of(part))]:
                yield _AudioFile(name, timeline(recordings, self._format.sentence_silence))

    def _write_audio(self, audio: _AudioFile, file: BinaryIO) -> str:
        output, line = self._format.output, audio.line
        if output.label:
            number = uuid5(NAMESPACE_URL, f"{self._format.label_seed} {audio.name}").hex
            output = replace(output, label=replace(output.label, produce_id=number))
        return write_audio(output, line.rate, line.samples, blocks(line, self._files), file, self._pause)

    def _write_zip(self, audio_files: Sequence[_AudioFile], warnings: Sequence[str], file: BinaryIO) -> None:
        entries = []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for audio in audio_files:
                entry = _entry(audio, f"{audio.name}.{self._format.output.name}")
                with tempfile.TemporaryFile(dir=self._files.folder) as encoded:
                    self._write_audio(audio, encoded)
                    encoded.seek(0)
                    with archive.open(_member(entry["file"]), "w", force_zip64=True) as member:
                        copyfileobj(encoded, member)
                if times := self._format.times:
                    entry["times"] = audio.name + times.suffix
                    content = times.write(joined_timing(audio.line, self._files))
                    archive.writestr(_member(entry["times"]), content)
                entries.append(entry)
            manifest = json.dumps({"files": entries, "warnings": warnings}, ensure_ascii=False, indent=1)
            archive.writestr(_member(f"{MANIFEST}.json"), manifest)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _DATE)
    member.external_attr = 0o644 << 16
    return member


def _entry(audio: _AudioFile, name: str) -> dict[str, Any]:
    """What the manifest says about a file. Times are seconds."""
    rate = audio.line.rate
    parts = []
    for placed in audio.line.placed:
        part = placed.recording.part
        details = {key: part.content.details[key] for key in ("line", "id") if key in part.content.details}
        faster = part.result.details.get("faster") if part.result else None
        begin, end = round(placed.begin / rate, 3), round(placed.end / rate, 3)
        parts.append({**details, "begin": begin, "end": end, **({"faster": faster} if faster else {})})
    return {"file": name, "seconds": round(audio.line.samples / rate, 3), "parts": parts}


def _warnings(parts: Sequence[Part], audio_files: Sequence[_AudioFile]) -> list[str]:
    """About the input, parts without speech, and cues that do not keep their times."""
    warnings = [str(warning) for part in parts for warning in part.content.details.get("warnings", ())]
    warnings += [
        f"line {part.content.details.get('line', part.index + 1)}: {reason}"
        for part in parts
        if part.result and (reason := part.result.details.get("empty"))
    ]
    for audio in audio_files:
        warnings += cue_warnings(audio.line)
    if (more := len(warnings) - MAX_WARNINGS) > 0:
        warnings[MAX_WARNINGS:] = [f"and {more} more"]
    return warnings


def _digest(file: BinaryIO) -> tuple[int, str]:
    """The size in bytes and the SHA-256 of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(_HASHED_BYTES):
        digest.update(block)
    return file.tell(), digest.hexdigest()
