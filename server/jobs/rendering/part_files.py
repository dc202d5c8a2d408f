"""The files of computed parts: lossless audio and times, from which the result is made."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from server.atomic_file import open_atomic
from server.audio.compressed.flac import read_flac
from server.types import Floats, SpeechTiming

_TIMING = TypeAdapter(SpeechTiming)


class PartFiles:
    """Those of one job, in its folder. Every method raises `OSError`, also for a damaged file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "parts"

    def prepare(self) -> None:
        """Makes the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def audio(self, index: int) -> Path:
        """The FLAC file of a part: 16 bits, the samples that every format encodes."""
        return self.folder / f"{index:06}.flac"

    def write_timing(self, index: int, timing: SpeechTiming) -> None:
        """Writes the times of a part."""
        with open_atomic(self._timing(index)) as file:
            file.write(_TIMING.dump_json(timing))

    def read_timing(self, index: int) -> SpeechTiming:
        """The times of a part."""
        content = self._timing(index).read_bytes()
        try:
            return _TIMING.validate_json(content)
        except ValueError as error:
            raise OSError(f"{self._timing(index)} is damaged: {error}") from None

    def read_audio(self, index: int, samples: int) -> Iterator[Floats]:
        """The audio of a part in blocks: that many samples."""
        path = self.audio(index)
        for block in read_flac(path):
            yield block[:samples]
            samples -= len(block)
        if samples:
            raise OSError(f"{path} is damaged: it has another length than was computed")

    def written(self, index: int) -> list[Path]:
        """The files that a part has."""
        return [path for path in (self.audio(index), self._timing(index)) if path.is_file()]

    def _timing(self, index: int) -> Path:
        return self.folder / f"{index:06}.json"
