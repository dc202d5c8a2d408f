"""The corpus in memory, and batches of it that depend on nothing but a seed and a step."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.voice.corpus import utterances
from training.voice.features import HOP
from training.voice.sambert import Batch
from training.voice.vocabulary import EMOTION_ROWS, FIELDS, SPEAKER_ROWS

FRAMES_PER_STEP = 3
_ROWS = [{name: row for row, name in enumerate(names)} for names in FIELDS]


@dataclass(frozen=True, slots=True)
class Statistics:
    mel_mean: NDArray[np.float32]
    mel_deviation: NDArray[np.float32]
    """(80,)"""
    f0: tuple[float, float]
    energy: tuple[float, float]
    """mean and deviation"""

    @staticmethod
    def read(folder: Path) -> "Statistics":
        found = json.loads((folder / "statistics.json").read_text())
        mel_mean, mel_deviation = (np.array(found[key], np.float32) for key in ("mel_mean", "mel_deviation"))
        return Statistics(mel_mean, mel_deviation, tuple(found["f0"]), tuple(found["energy"]))

    def mel(self, decibels: NDArray[np.float16]) -> NDArray[np.float32]:
        return (decibels.astype(np.float32) - self.mel_mean) / self.mel_deviation

    def pitch(self, hertz: NDArray[np.float32]) -> NDArray[np.float32]:
        return (hertz - self.f0[0]) / self.f0[1]


@dataclass(frozen=True, slots=True)
class Utterance:
    name: str
    speaker: str
    emotion: str
    text: str
    units: NDArray[np.str_]
    """(units, 4)"""
    frames: NDArray[np.int64]
    """(units,)"""
    samples: NDArray[np.int16]
    mel: NDArray[np.float16]
    """(frames, 80), not normalised"""
    energy: NDArray[np.float32]
    f0: NDArray[np.float32]
    voiced: NDArray[np.bool_]
    """(frames,)"""

    def features(self) -> NDArray[np.int64]:
        return np.array([[rows[name] for rows, name in zip(_ROWS, unit, strict=True)] for unit in self.units])


def load(folder: Path, *, held_out: bool, limit: int | None = None) -> list[Utterance]:
    found: list[Utterance] = []
    for path in utterances(folder):
        with np.load(path) as file:
            if bool(file["held_out"]) != held_out:
                continue
            speaker, emotion = file["style"].tolist()
            found.append(
                Utterance(
                    path.stem,
                    speaker,
                    emotion,
                    str(file["text"]),
                    file["units"],
                    file["frames"].astype(np.int64),
                    file["samples"],
                    file["mel"],
                    file["energy"],
                    file["f0"],
                    file["voiced"],
                )
            )
        if limit and len(found) == limit:
            break
    return found


def targets(utterance: Utterance, statistics: Statistics) -> NDArray[np.float32]:
    """(frames, 82): normalised mels, normalised F0, voicing"""
    mel = statistics.mel(utterance.mel)
    return np.column_stack([mel, statistics.pitch(utterance.f0), utterance.voiced]).astype(np.float32)


def collate(chosen: Sequence[Utterance], statistics: Statistics) -> Batch:
    units = max(len(one.frames) for one in chosen)
    frames = -(-max(len(one.mel) for one in chosen) // FRAMES_PER_STEP) * FRAMES_PER_STEP
    shape = (len(chosen), units)
    features, emotions, speakers = np.zeros((*shape, 4), np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    known, durations = np.zeros(shape, bool), np.zeros(shape, np.int64)
    pitch, energy = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    owner, place = np.full((len(chosen), frames), -1), np.zeros((len(chosen), frames), np.float32)
    mel = np.zeros((len(chosen), frames, 82), np.float32)
    for row, one in enumerate(chosen):
        count, length = len(one.frames), len(one.mel)
        features[row, :count] = one.features()
        is_break = one.units[:, 1] == "tone_none"
        emotions[row, :count] = np.where(is_break, EMOTION_ROWS["none"], EMOTION_ROWS[one.emotion])
        speakers[row, :count] = SPEAKER_ROWS[one.speaker]
        known[row, :count], durations[row, :count] = True, one.frames
        owners = np.repeat(np.arange(count), one.frames)
        starts = np.cumsum(one.frames) - one.frames
        owner[row, :length], place[row, :length] = owners, np.arange(length) - starts[owners] + 1
        mel[row, :length] = targets(one, statistics)
        pitch[row, :count] = _means(np.where(one.voiced, statistics.pitch(one.f0), 0), one.voiced, owners, count)
        loud = (one.energy - statistics.energy[0]) / statistics.energy[1]
        energy[row, :count] = _means(loud, np.ones(length, bool), owners, count)
    arrays = (features, emotions, speakers, known, durations, pitch, energy, owner, place, mel)
    return Batch(*(torch.from_numpy(array) for array in arrays))


def _means(
    values: NDArray[np.float32], counted: NDArray[np.bool_], owners: NDArray[np.int64], units: int
) -> NDArray[np.float32]:
    """(units,): the mean of the counted frames of each unit, 0 where there are none."""
    total = np.bincount(owners, np.where(counted, values, 0), units)
    return (total / np.maximum(np.bincount(owners, counted, units), 1)).astype(np.float32)


def order(lengths: Sequence[int], size: int, seed: int) -> Iterator[list[int]]:
    """Batches of similar lengths for ever, every epoch in another order."""
    epoch = 0
    while True:
        dice = np.random.default_rng([seed, epoch])
        jittered = np.array(lengths) * dice.uniform(0.85, 1.15, len(lengths))
        batches = np.array_split(np.argsort(jittered), max(1, len(lengths) // size))
        for number in dice.permutation(len(batches)):
            yield batches[number].tolist()
        epoch += 1


def samples_of(utterance: Utterance) -> NDArray[np.float32]:
    return utterance.samples[: len(utterance.mel) * HOP].astype(np.float32) / 32767
