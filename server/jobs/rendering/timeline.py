"""Where each part of a file begins: one after another, or at the times of subtitles."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from server.audio.resampler import Resampler, resampled_length
from server.jobs.job import Part
from server.jobs.rendering.part_files import PartFiles
from server.types import Floats

_BLOCK_SAMPLES = 8192


@dataclass(frozen=True, slots=True)
class Recording:
    """The audio of a part, as it was computed."""

    part: Part
    samples: int
    rate: int
    """Hz"""


@dataclass(frozen=True, slots=True)
class Placed:
    """A part in its file."""

    recording: Recording
    begin: int
    """Samples of the file, before its own conversion."""
    samples: int
    """The same."""

    @property
    def end(self) -> int:
        """Samples."""
        return self.begin + self.samples


@dataclass(frozen=True, slots=True)
class Timeline:
    """The parts of a file in order. Between them there is silence."""

    placed: Sequence[Placed]
    rate: int
    """Hz, that of the first part."""

    @property
    def samples(self) -> int:
        """Of the whole."""
        return self.placed[-1].end


def recording_of(part: Part) -> Recording | None:
    """The audio of a part; None for one with nothing to speak."""
    details = part.result.details if part.result else {}
    samples = int(details.get("samples", 0))
    return Recording(part, samples, int(details["rate"])) if samples else None


def timeline(recordings: Sequence[Recording], sentence_silence: float) -> Timeline:
    """Puts parts one after another, and cues where their times are; a cue waits for the end of the one before it.

    Between two parts is the silence between two sentences, in seconds; none within a sentence that had to be divided.
    """
    rate = recordings[0].rate
    placed: list[Placed] = []
    end = silence = 0
    for recording in recordings:
        content = recording.part.content
        begin = end + silence if content.slot is None else max(end, round(content.slot.begin * rate))
        placed.append(Placed(recording, begin, resampled_length(recording.samples, recording.rate, rate)))
        end = placed[-1].end
        silence = 0 if content.details.get("continues") else round(sentence_silence * rate)
    return Timeline(placed, rate)


def blocks(line: Timeline, files: PartFiles) -> Iterator[Floats]:
    """The audio of a file, in blocks of less than a second. Raises `OSError`."""
    position = 0
    for placed in line.placed:
        yield from _silence(placed.begin - position)
        yield from _converted(placed, line.rate, files)
        position = placed.end


def _silence(samples: int) -> Iterator[Floats]:
    for start in range(0, samples, _BLOCK_SAMPLES):
        yield np.zeros(min(_BLOCK_SAMPLES, samples - start), np.float32)


def _converted(placed: Placed, rate: int, files: PartFiles) -> Iterable[Floats]:
    recording = placed.recording
    audio = files.read_audio(recording.part.index, recording.samples)
    if recording.rate == rate:
        yield from audio
        return
    resampler = Resampler(recording.rate, rate)
    for block in audio:
        yield resampler.resample(block)
    yield resampler.finish()
