"""The file of an utterance of the corpus: speech, labels and features, which the trainings read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.voice.analysis.features import frame_energy, magnitude_spectrogram, mel_spectrogram
from training.voice.corpus.labels import Unit

ENGLISH_PREFIX = "english-"
"""Of the names of utterances in which the human speaker speaks converted English."""


@dataclass(frozen=True, slots=True)
class LabeledSpeech:
    """Speech with the duration of every unit and the F0 of every frame."""

    units: Sequence[Unit]
    frames: NDArray[np.int64]
    """(units,): durations; their sum is the number of frames."""
    samples: NDArray[np.float32]
    """(samples,) at 16 kHz"""
    f0: NDArray[np.float32]
    """(frames,): Hz"""
    voiced: NDArray[np.bool_]
    """(frames,)"""


def utterance_path(corpus: Path, name: str) -> Path:
    """Returns the file of an utterance."""
    return corpus / "utterances" / f"{name}.npz"


def utterance_files(corpus: Path) -> Iterator[Path]:
    """Yields the files of a corpus in order."""
    yield from sorted((corpus / "utterances").glob("*.npz"))


def word_text(syllables: Sequence[str], break_level: int) -> str:
    """Returns a word of an utterance's text, with the break after it: `ni2/hao3#4`."""
    return "/".join(syllables) + f"#{break_level}"


def write_utterance(
    path: Path, speech: LabeledSpeech, *, speaker: str, emotion: str, text: str, held_out: bool
) -> None:
    """Writes the utterance; an interrupted write leaves no file."""
    magnitudes = magnitude_spectrogram(speech.samples)
    units = [(unit.phone, unit.tone, unit.syllable_flag, unit.word_flag) for unit in speech.units]
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            style=np.array([speaker, emotion]),
            held_out=held_out,
            text=text,
            units=np.array(units),
            frames=speech.frames.astype(np.int16),
            samples=(speech.samples.clip(-1, 1) * 32767).astype(np.int16),
            mel=mel_spectrogram(magnitudes).astype(np.float16),
            energy=frame_energy(magnitudes),
            f0=speech.f0,
            voiced=speech.voiced,
        )
    part.rename(path)
