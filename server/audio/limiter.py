"""The level: applies the volume so that no sample leaves full scale, and stops what is not sound."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from server.errors import SynthesisError
from server.types import Floats

LOWEST_KNEE = 0.75
"""Samples below this are never bent, however high the volume."""
RAMP = 0.02
"""Seconds that the volume takes from one value to another, half of them on either side, so that nothing clicks."""
CLOSING = 0.005
"""Seconds in which a sound ends that is cut off."""


@dataclass(frozen=True)
class VolumeEnvelope:
    """The volume of one utterance over time, known for any stretch of it: chunks of any size give the same sound."""

    volumes: NDArray[np.float64]
    """(frames,), or (1,) for one that never changes"""
    samples_per_frame: int
    rate: int
    """Hz"""
    end: int | None = None
    """Sample at which the sound is cut off, so that it has to fade just before; None where it ends by itself."""

    def apply(self, samples: Floats, start: int) -> Floats:
        """The stretch from sample `start` of the utterance on, at its volume. Raises what `apply_volume` raises."""
        if len(self.volumes) == 1 and self.end is None:
            return apply_volume(samples, float(self.volumes[0]))
        return apply_volume(samples, self.between(start, start + len(samples)))

    def between(self, start: int, stop: int) -> NDArray[np.float64]:
        """The volume of samples `start` to `stop`: that of their frame, and raised cosines where it changes."""
        places = np.arange(start, stop)
        volume = self.volumes[np.minimum(places // self.samples_per_frame, len(self.volumes) - 1)]
        half = round(RAMP / 2 * self.rate)
        edges, jumps = self._changes
        near = slice(*np.searchsorted(edges, [start - half, stop + half]))
        for edge, jump in zip(edges[near], jumps[near], strict=True):
            ramp = slice(max(0, edge - half - start), max(0, edge + half - start))
            here = places[ramp]
            volume[ramp] += jump * (_raised((here - edge + half) / (2 * half)) - (here >= edge))
        if self.end is not None:
            volume *= _raised(np.clip((self.end - places) / max(1, round(CLOSING * self.rate)), 0, 1))
        return np.maximum(volume, 0)

    @cached_property
    def _changes(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The samples at which the volume changes, and by how much."""
        jumps = np.diff(self.volumes)
        frames = np.flatnonzero(jumps)
        return (frames + 1) * self.samples_per_frame, jumps[frames]


def apply_volume(samples: Floats, volume: float | NDArray[np.float64]) -> Floats:
    """`samples` (within -1 to 1, as a vocoder's tanh leaves them) times `volume` (0 to 4), never beyond -1 to 1.

    The volume is one number, or one for each sample.

    Up to a volume of 1 this is the product and nothing else. Above it, what exceeds the knee bends towards full scale
    along a tanh whose slope at the knee is 1, so there is no corner to hear. The knee slides from 1 down to
    `LOWEST_KNEE` as the volume rises, so the curve changes smoothly with the volume too. Every sample is mapped by
    itself: chunks of any size give the same sound. Raises `SynthesisError` for NaN and infinity.
    """
    refuse_non_finite(samples)
    louder = samples.astype(np.float64) * volume
    if np.any(np.asarray(volume) > 1):
        knee = np.maximum(1 / np.maximum(volume, 1), LOWEST_KNEE)
        room = np.where(knee < 1, 1 - knee, 1)
        size = np.abs(louder)
        bent = knee + (1 - knee) * np.tanh((size - knee) / room)
        louder = np.where(size > knee, np.copysign(bent, louder), louder)
    return np.clip(louder, -1, 1).astype(np.float32)


def refuse_non_finite(samples: Floats) -> None:
    """Raises `SynthesisError` when a sample is NaN or infinite: a listener would get noise."""
    if not np.isfinite(samples).all():
        broken = int(np.count_nonzero(~np.isfinite(samples)))
        raise SynthesisError(
            f"the voice computed {broken} samples of {samples.size} that are not numbers; nothing of them was sent. "
            "Run `python -m server doctor`, and convert the voice again if it passes."
        )


def _raised(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half a cosine from 0 to 1 while `place` goes from 0 to 1."""
    rising: NDArray[np.float64] = 0.5 - 0.5 * np.cos(np.pi * place)
    return rising
