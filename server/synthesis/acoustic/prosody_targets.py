"""Prosody that a sentence is spoken with instead of what the variance adaptor predicts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.synthesis.acoustic.contours import from_hertz
from server.synthesis.acoustic.unit_kinds import RowKinds
from server.types import Floats, Ids
from server.voices.manifest import MeanDeviation, Range

Values = NDArray[np.float64]

CONTOUR_POINTS = 16
"""F0 values a unit: one every 20 ms of a long vowel."""


@dataclass(frozen=True, slots=True)
class ProsodyTargets:
    """Targets for the units of one sentence, before filled pauses are inserted. NaN: the prediction stays."""

    durations: Values
    """(units,): frames, at normal speed."""
    pauses: Values
    """(units,): frames of silence that are inserted before each unit; 0 for none."""
    pitch: Values
    """(units,): mean F0, Hz."""
    energy: Values
    """(units,): decibels by which the prediction is changed."""
    contours: Values
    """(units, `CONTOUR_POINTS`): F0 in Hz at evenly spaced moments of each unit, for the harmonic source."""
    silent_unit: int | None
    """A unit that is spoken as silence, the last break: all pauses are copies of it. None: no pause is inserted."""

    def __post_init__(self) -> None:
        units = len(self.durations)
        shapes = {name: getattr(self, name).shape for name in ("durations", "pauses", "pitch", "energy")}
        if set(shapes.values()) != {(units,)} or self.contours.shape != (units, CONTOUR_POINTS):
            raise ValueError(f"targets of different shapes: {shapes}, contours {self.contours.shape}")


def contour_per_frame(contours: Values, durations: NDArray[np.int64]) -> Values:
    """(rows, points), (rows,) -> (frames,): each row's contour over its frames, linear between the points."""
    points = contours.shape[1]
    rows = np.repeat(np.arange(len(durations)), durations)
    starts = np.cumsum(durations) - durations
    within = (np.arange(len(rows)) - starts[rows] + 0.5) / durations[rows]
    position = np.clip(within * points - 0.5, 0, points - 1)
    before = np.minimum(position.astype(np.int64), points - 2)
    share = position - before
    values: Values = contours[rows, before] * (1 - share) + contours[rows, before + 1] * share
    return values


class TargetRows:
    """The targets of one utterance by row of the variance adaptor. Filled pauses, which are rows too, are left out."""

    def __init__(self, targets: ProsodyTargets, unit_indices: Ids, kinds: RowKinds) -> None:
        is_unit = np.diff(unit_indices, append=-1) != 0
        self._durations = np.where(is_unit, targets.durations[unit_indices], 0.0)
        self._pitch = np.where(is_unit & kinds.voiced, targets.pitch[unit_indices], np.nan)
        self.energy = np.where(is_unit, np.nan_to_num(targets.energy[unit_indices]), 0.0)
        """(rows,): decibels by which the prediction is changed."""
        self.contours = np.where(is_unit[:, None], targets.contours[unit_indices], np.nan)
        """(rows, points), as in `ProsodyTargets`."""
        self._pauses = np.where(is_unit, targets.pauses[unit_indices], 0.0)
        self.recorded_pauses = kinds.silent & (self._durations > 0)
        """(rows,): breaks that last as long as in a recording. A word boundary is no silence by itself."""
        rows = np.flatnonzero(is_unit)
        self.silent_row = None if targets.silent_unit is None else int(rows[targets.silent_unit])

    def pitch(self, predicted: Floats, normalization: MeanDeviation | Range) -> Floats:
        """(1, rows), normalized: the predicted pitch with the targets in it."""
        targets = from_hertz(self._pitch, normalization)
        return np.where(np.isnan(targets), predicted, targets).astype(np.float32)

    def lengths(self, predicted: Floats) -> Floats:
        """(rows,): the predicted frames at normal speed with the targets in them."""
        return np.where(np.isnan(self._durations), predicted, self._durations).astype(np.float32)

    def longest_spoken(self, lengths: Floats) -> float:
        """The longest of the rows that have an F0; a recorded pause does not need a wider attention."""
        spoken = ~np.isnan(self.contours).any(axis=1)
        return float(lengths[spoken].max(initial=0))

    def pauses(self, factors: Floats) -> Ids:
        """(rows,): frames of silence to insert before each; `factors` are those of the styles."""
        if self.silent_row is None:
            return np.zeros(len(self._pauses), np.int64)
        frames: Ids = np.floor(self._pauses * factors + 0.5).astype(np.int64)
        return frames
