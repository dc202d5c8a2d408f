"""Gain and soft limiting: applies the volume without exceeding full scale, and rejects NaN and infinity."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from server.errors import SynthesisError
from server.types import Floats

MIN_KNEE = 0.75
"""The lowest knee of the soft clipper: samples below it are never compressed, at any gain."""
RAMP_SECONDS = 0.02
"""Length of the ramp between two gains, centered on the change; an abrupt change would click."""
FADE_OUT_SECONDS = 0.005
"""Length of the fade-out of an utterance that is cut off."""


@dataclass(frozen=True)
class GainEnvelope:
    """The gain of one utterance over time. Chunks of any size give the same samples."""

    gains: NDArray[np.float64]
    """(frames,), or (1,) for a constant gain."""
    samples_per_frame: int
    rate: int
    """Hz."""
    end: int | None = None
    """Sample at which the utterance is cut off and the fade-out ends; None without a cut."""

    def apply(self, samples: Floats, start: int) -> Floats:
        """Applies the gain to a chunk that begins at sample `start`. Raises what `apply_gain` raises."""
        if len(self.gains) == 1 and self.end is None:
            return apply_gain(samples, float(self.gains[0]))
        return apply_gain(samples, self.between(start, start + len(samples)))

    def between(self, start: int, stop: int) -> NDArray[np.float64]:
        """Returns the gain of samples `start` to `stop`: constant in a frame, raised-cosine ramps at changes."""
        positions = np.arange(start, stop)
        gain = self.gains[np.minimum(positions // self.samples_per_frame, len(self.gains) - 1)]
        half = round(RAMP_SECONDS / 2 * self.rate)
        changes, steps = self._changes
        near = slice(*np.searchsorted(changes, [start - half, stop + half]))
        for change, step in zip(changes[near], steps[near], strict=True):
            ramp = slice(max(0, change - half - start), max(0, change + half - start))
            inside = positions[ramp]
            gain[ramp] += step * (_raised_cosine((inside - change + half) / (2 * half)) - (inside >= change))
        if self.end is not None:
            fade_out = max(1, round(FADE_OUT_SECONDS * self.rate))
            gain *= _raised_cosine(np.clip((self.end - positions) / fade_out, 0, 1))
        return np.maximum(gain, 0)

    @cached_property
    def _changes(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The samples at which the gain changes, and by how much."""
        steps = np.diff(self.gains)
        frames = np.flatnonzero(steps)
        return (frames + 1) * self.samples_per_frame, steps[frames]


def apply_gain(samples: Floats, gain: float | NDArray[np.float64]) -> Floats:
    """Multiplies `samples` (-1 to 1) by `gain` (0 to 4; one number or one a sample) and soft-clips to -1 to 1.

    Up to a gain of 1 this is the plain product. Above it, samples beyond the knee follow a tanh towards full scale;
    its slope at the knee is 1, so the curve has no corner. The knee is max(1 / gain, `MIN_KNEE`), so the curve is
    continuous in the gain too. The mapping is memoryless: chunks of any size give the same samples. Raises
    `SynthesisError` for NaN and infinity.
    """
    require_finite(samples)
    amplified = samples.astype(np.float64) * gain
    if np.any(np.asarray(gain) > 1):
        knee = np.maximum(1 / np.maximum(gain, 1), MIN_KNEE)
        headroom = np.where(knee < 1, 1 - knee, 1)
        magnitude = np.abs(amplified)
        compressed = knee + (1 - knee) * np.tanh((magnitude - knee) / headroom)
        amplified = np.where(magnitude > knee, np.copysign(compressed, amplified), amplified)
    return np.clip(amplified, -1, 1).astype(np.float32)


def require_finite(samples: Floats) -> None:
    """Raises `SynthesisError` when a sample is NaN or infinite."""
    if count := np.count_nonzero(~np.isfinite(samples)):
        raise SynthesisError(
            f"the voice computed {count} samples of {samples.size} that are not numbers; nothing of them was sent. "
            "Run `python -m server doctor`, and convert the voice again if it passes."
        )


def _raised_cosine(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half a cosine period from 0 to 1 while `position` goes from 0 to 1."""
    rising: NDArray[np.float64] = 0.5 - 0.5 * np.cos(np.pi * position)
    return rising
