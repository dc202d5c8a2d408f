"""Loads the corpus into memory, and collates batches that depend on a seed and a step alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from training.voice.analysis.features import HOP_LENGTH
from training.voice.corpus.speakers import HUMAN_SPEAKER, WORD_EMOTION
from training.voice.corpus.utterance_file import ENGLISH_PREFIX, utterance_files
from training.voice.models.sambert import Batch
from training.voice.models.vocabulary import BREAK_EMOTION, EMOTION_ROWS, SPEAKER_ROWS, UNIT_VOCABULARIES

FRAMES_PER_STEP = 3
_UNIT_ROWS = [{name: row for row, name in enumerate(names)} for names in UNIT_VOCABULARIES]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Means and standard deviations over the corpus."""

    mel_mean: NDArray[np.float32]
    """(80,)"""
    mel_deviation: NDArray[np.float32]
    """(80,)"""
    f0: tuple[float, float]
    """Mean and standard deviation, Hz."""
    energy: tuple[float, float]
    """Mean and standard deviation."""

    @staticmethod
    def read(corpus: Path) -> "Statistics":
        """Reads the statistics of a corpus."""
        content = json.loads((corpus / "statistics.json").read_text())
        mel_mean, mel_deviation = (np.array(content[key], np.float32) for key in ("mel_mean", "mel_deviation"))
        return Statistics(mel_mean, mel_deviation, tuple(content["f0"]), tuple(content["energy"]))

    def normalize_mel(self, mel: NDArray[np.floating]) -> NDArray[np.float32]:
        """(frames, 80) -> (frames, 80)."""
        return (mel.astype(np.float32) - self.mel_mean) / self.mel_deviation

    def normalize_f0(self, hz: NDArray[np.float32]) -> NDArray[np.float32]:
        """(frames,) -> (frames,)."""
        return (hz - self.f0[0]) / self.f0[1]


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording of the corpus with its labels and features."""

    name: str
    speaker: str
    emotion: str
    text: str
    units: NDArray[np.str_]
    """(units, 4): phone, tone, syllable flag, word flag."""
    frames: NDArray[np.int64]
    """(units,): durations."""
    samples: NDArray[np.int16]
    mel: NDArray[np.float16]
    """(frames, 80), not normalized."""
    energy: NDArray[np.float32]
    """(frames,)"""
    f0: NDArray[np.float32]
    """(frames,), Hz"""
    voiced: NDArray[np.bool_]
    """(frames,)"""

    @property
    def kind(self) -> str:
        """Where it comes from.

        `espeak`; or of the human speaker a `word`, a `sentence` made of words, or `english` converted from espeak-ng's.
        """
        if self.speaker != HUMAN_SPEAKER:
            return "espeak"
        if self.name.startswith(ENGLISH_PREFIX):
            return "english"
        return "word" if self.emotion == WORD_EMOTION else "sentence"

    @property
    def style(self) -> str:
        """Speaker-emotion."""
        return f"{self.speaker}-{self.emotion}"

    def audio(self) -> NDArray[np.float32]:
        """Returns the samples that belong to whole frames, -1 to 1."""
        return self.samples[: len(self.mel) * HOP_LENGTH].astype(np.float32) / 32767

    def is_break(self) -> NDArray[np.bool_]:
        """(units,): True for breaks."""
        return self.units[:, 1] == "tone_none"

    def unit_rows(self) -> NDArray[np.int64]:
        """(units, 4): rows of the embedding tables."""
        return np.array([[rows[name] for rows, name in zip(_UNIT_ROWS, unit, strict=True)] for unit in self.units])


def load_utterances(corpus: Path, *, held_out: bool) -> list[Utterance]:
    """Reads the training or the held-out utterances of a corpus."""
    utterances: list[Utterance] = []
    for path in utterance_files(corpus):
        with np.load(path) as file:
            if bool(file["held_out"]) == held_out:
                speaker, emotion = file["style"].tolist()
                arrays = {name: file[name] for name in ("units", "samples", "mel", "energy", "f0", "voiced")}
                arrays["frames"] = file["frames"].astype(np.int64)
                utterances.append(Utterance(path.stem, speaker, emotion, str(file["text"]), **arrays))
    return utterances


def one_per_style(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Returns the last utterance of each speaker and emotion."""
    return list({(one.speaker, one.emotion): one for one in utterances}.values())


def by_kind(utterances: Sequence[Utterance], most: int) -> dict[str, list[Utterance]]:
    """Returns the first utterances of each kind that there is, at most `most` of each."""
    kinds = dict.fromkeys(one.kind for one in utterances)
    return {kind: [one for one in utterances if one.kind == kind][:most] for kind in kinds}


def acoustic_targets(utterance: Utterance, statistics: Statistics) -> NDArray[np.float32]:
    """(frames, 82): normalized mels, normalized F0, voicing."""
    mel = statistics.normalize_mel(utterance.mel)
    return np.column_stack([mel, statistics.normalize_f0(utterance.f0), utterance.voiced]).astype(np.float32)


def collate(
    chosen: Sequence[Utterance], statistics: Statistics, speaker_rows: Mapping[str, int] = SPEAKER_ROWS
) -> Batch:
    """Pads utterances to one batch for the acoustic model. `speaker_rows` are those of its table of speakers."""
    columns = zip(*(_batch_arrays(one, statistics, speaker_rows) for one in chosen), strict=True)
    tensors = {
        name: pad_sequence(
            list(map(torch.from_numpy, arrays)), batch_first=True, padding_value=-1 if name == "frame_units" else 0
        )
        for name, arrays in zip(Batch.__slots__, columns, strict=True)
    }
    return Batch(**tensors)


def _batch_arrays(one: Utterance, statistics: Statistics, speaker_rows: Mapping[str, int]) -> tuple[NDArray, ...]:
    """Returns the fields of `Batch` for one utterance; frames are padded to a multiple of `FRAMES_PER_STEP`."""
    units, frames = len(one.frames), len(one.mel)
    frame_units = np.repeat(np.arange(units), one.frames)
    starts = np.cumsum(one.frames) - one.frames
    positions = np.arange(frames) - starts[frame_units] + 1
    f0 = np.where(one.voiced, statistics.normalize_f0(one.f0), 0)
    energy = (one.energy - statistics.energy[0]) / statistics.energy[1]
    padding = (0, -frames % FRAMES_PER_STEP)
    return (
        one.unit_rows(),
        np.where(one.is_break(), EMOTION_ROWS[BREAK_EMOTION], EMOTION_ROWS[one.emotion]),
        np.full(units, speaker_rows[one.speaker]),
        np.ones(units, bool),
        one.frames,
        _unit_means(f0, one.voiced, frame_units, units),
        _unit_means(energy, np.ones(frames, bool), frame_units, units),
        np.pad(frame_units, padding, constant_values=-1),
        np.pad(positions.astype(np.float32), padding),
        np.pad(acoustic_targets(one, statistics), (padding, (0, 0))),
    )


def _unit_means(
    values: NDArray[np.float32], counted: NDArray[np.bool_], owners: NDArray[np.int64], units: int
) -> NDArray[np.float32]:
    """(units,): the mean of the counted frames of each unit, 0 without any."""
    total = np.bincount(owners, np.where(counted, values, 0), units)
    return (total / np.maximum(np.bincount(owners, counted, units), 1)).astype(np.float32)


def mixed_batches(
    utterances: Sequence[Utterance], size: int, shares: Mapping[str, float], seed: int
) -> Iterator[list[int]]:
    """Yields batches of indices without end, with the shares of each kind of utterance that the corpus has.

    `shares` are relative. Within a kind the utterances of a batch have similar lengths.
    """
    rows = {kind: [index for index, one in enumerate(utterances) if one.kind == kind] for kind in shares}
    present = {kind: shares[kind] for kind, indices in rows.items() if indices}
    total = sum(present.values())
    counts = {kind: max(1, round(size * share / total)) for kind, share in present.items()}
    streams = {
        kind: batches_by_length([len(utterances[index].mel) for index in rows[kind]], count, seed)
        for kind, count in counts.items()
    }
    while True:
        yield [rows[kind][index] for kind, stream in streams.items() for index in next(stream)]


def batches_by_length(lengths: Sequence[int], size: int, seed: int) -> Iterator[list[int]]:
    """Yields batches of indices without end, each of similar lengths, every epoch in another order."""
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        jittered = np.array(lengths) * rng.uniform(0.85, 1.15, len(lengths))
        batches = np.array_split(np.argsort(jittered), max(1, len(lengths) // size))
        for number in rng.permutation(len(batches)):
            yield batches[number].tolist()
        epoch += 1
