"""Pauses: the level is far below that of the speech, and nothing is voiced."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.references.analysis.frames import SHIFT_SECONDS, SILENCE, Contour

SHORTEST = 0.15
"""Seconds. The closure of a plosive is shorter."""
DEPTH = 30.0
"""Decibels below the loud frames, of a frame that may belong to a pause."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause within the speech; both times in seconds."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """Its duration."""
        return self.end - self.begin


def find_pauses(level: Contour, voiced: Flags) -> tuple[tuple[Pause, ...], Flags]:
    """The pauses within the speech, and (frames,) whether a frame is in none, nor in silence at the ends."""
    quiet = ~voiced & (level < _threshold(level))
    speech = np.ones(len(level), np.bool_)
    pauses = []
    for begin, stop in stretches(quiet):
        is_at_end = begin == 0 or stop == len(level)
        if (stop - begin) * SHIFT_SECONDS >= SHORTEST or is_at_end:
            speech[begin:stop] = False
            if not is_at_end:
                pauses.append(Pause(begin * SHIFT_SECONDS, stop * SHIFT_SECONDS))
    return tuple(pauses), speech


def _threshold(level: Contour) -> float:
    """In dBFS: 30 dB below the loud frames, or 6 dB above the noise, at most halfway, if that is higher."""
    loud, floor = np.percentile(level, 95), np.percentile(level, 5)
    if loud <= SILENCE:
        return 0.0
    return float(max(loud - DEPTH, floor + min(6.0, (loud - floor) / 2)))


def stretches(flags: Flags) -> list[tuple[int, int]]:
    """The stretches of true values, as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(begin), int(stop)) for begin, stop in edges.reshape(-1, 2)]
