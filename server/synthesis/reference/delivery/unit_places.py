"""An alignment of frames -> where in the recording each unit begins and ends, and the pauses between them.

Within silence an alignment of frames means nothing. So the silence between two syllables is divided by what the voice
does itself: it ends a phone with some silence and begins a stop with a closure, and what remains is a pause.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from server.references.analysis.frames import SHIFT_SECONDS
from server.references.analysis.pauses import Pause, stretches
from server.synthesis.reference.delivery.alignment import Alignment, OwnSpeech, RecordedSpeech

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIN_PAUSE = 0.08
"""Seconds of silence between two phones, beyond their own, that are a pause."""
LEAD = 3
"""Frames before the next sentence that are searched for it, and by which a sound may end later than it is aligned."""


@dataclass(frozen=True, slots=True)
class UnitPlaces:
    """All in seconds of the recording."""

    begins: Values
    """(units,): NaN for pauses and punctuation."""
    ends: Values
    pauses: Values
    """(units,): silence before each unit; that before a pause or punctuation is its own duration."""
    following: float
    """Silence after the sentence; 0 if the recording ends there."""
    next_frame: int
    """Where the search for the next sentence begins."""


class _Boundaries:
    """Finds the boundaries between spoken units."""

    def __init__(self, own: OwnSpeech, recorded: RecordedSpeech, alignment: Alignment) -> None:
        self._own, self._alignment = own, alignment
        self._silent = recorded.frames.silent
        self._times = np.arange(len(alignment.place)) * SHIFT_SECONDS

    def place(self, seconds: float) -> float:
        """Where in the recording a moment of the voice's own speech is."""
        return float(np.interp(seconds, self._times, self._alignment.place) * SHIFT_SECONDS)

    def silence(self, begin: float, end: float) -> Pause:
        """The longest silence of the recording between two moments of it; empty without any."""
        first, stop = max(0, round(begin / SHIFT_SECONDS)), round(end / SHIFT_SECONDS) + 1
        found = stretches(self._silent[first:stop])
        if not found:
            return Pause(end, end)
        silent, heard = max(found, key=lambda each: each[1] - each[0])
        return Pause((first + silent - 0.5) * SHIFT_SECONDS, (first + heard - 0.5) * SHIFT_SECONDS)

    def own_silence_after(self, unit: int) -> float:
        """Seconds of silence at the beginning of a unit of the voice's own speech."""
        part = self._own_silent(unit)
        return float(np.argmin(part) if not part.all() else len(part)) * SHIFT_SECONDS

    def own_silence_before_end(self, unit: int) -> float:
        """Seconds of silence at the end of a unit of the voice's own speech."""
        part = self._own_silent(unit)[::-1]
        return float(np.argmin(part) if not part.all() else len(part)) * SHIFT_SECONDS

    def _own_silent(self, unit: int) -> Flags:
        begin, end = (round(times[unit] / SHIFT_SECONDS) for times in (self._own.begins, self._own.ends))
        part = self._own.frames.silent[begin:end]
        return part if len(part) else np.zeros(1, bool)


def unit_places(own: OwnSpeech, recorded: RecordedSpeech, alignment: Alignment) -> UnitPlaces:
    """The places of all units of a sentence."""
    spoken = np.flatnonzero(~own.breaks)
    boundaries = _Boundaries(own, recorded, alignment)
    begins, ends = np.full(len(own.breaks), np.nan), np.full(len(own.breaks), np.nan)
    pauses = np.zeros(len(own.breaks))
    first, last = spoken[0], spoken[-1]
    sound = alignment.first + int(np.argmin(recorded.frames.silent[alignment.first :]))
    begins[first] = (sound - 0.5) * SHIFT_SECONDS - boundaries.own_silence_after(first)
    for before, after in pairwise(spoken.tolist()):
        ends[before], begins[after] = _between(own, boundaries, before, after)
        pause = min(after, before + 1)
        pauses[pause] = max(0.0, begins[after] - ends[before])
    end = _end_of_sound(recorded.frames.silent, alignment)
    rest = recorded.frames.silent[end:]
    following = int(np.argmin(rest)) if not rest.all() else 0
    ends[last] = (end - 0.5) * SHIFT_SECONDS + boundaries.own_silence_before_end(last)
    _make_ascending(begins, ends, spoken)
    _divide_syllables(own, begins, ends)
    return UnitPlaces(begins, ends, pauses, following * SHIFT_SECONDS, max(end, end + following - LEAD))


def _end_of_sound(silent: Flags, alignment: Alignment) -> int:
    """The frame after the last sound of the sentence."""
    if silent[alignment.end]:
        heard = np.flatnonzero(~silent[alignment.first : alignment.end])
        return alignment.first + int(heard[-1]) + 1 if len(heard) else alignment.end
    after = silent[alignment.end : alignment.end + LEAD]
    return alignment.end + (int(np.argmax(after)) if after.any() else len(after))


def _between(own: OwnSpeech, boundaries: _Boundaries, before: int, after: int) -> tuple[float, float]:
    """The end of a spoken unit and the beginning of the next one, between which there may be pauses."""
    middle = boundaries.place((own.ends[before] + own.begins[after]) / 2)
    if not own.onsets[after]:
        return middle, middle
    begin = boundaries.place((own.begins[before] + own.ends[before]) / 2)
    silence = boundaries.silence(begin, boundaries.place(own.ends[after]))
    tail, closure = boundaries.own_silence_before_end(before), boundaries.own_silence_after(after)
    if silence.seconds < tail + closure + MIN_PAUSE:
        return middle, middle
    return silence.begin + tail, silence.end - closure


def _make_ascending(begins: Values, ends: Values, spoken: NDArray[np.int64]) -> None:
    """No unit begins before the one before it ends."""
    order = np.column_stack([begins[spoken], ends[spoken]]).ravel()
    order = np.maximum.accumulate(order)
    begins[spoken], ends[spoken] = order[::2], order[1::2]


def _divide_syllables(own: OwnSpeech, begins: Values, ends: Values) -> None:
    """Divides each syllable into its units as the voice does.

    An alignment finds the boundaries within a syllable least exactly, and a phone that is much longer or shorter than
    the voice has learned is not understood.
    """
    spoken = np.flatnonzero(~own.breaks)
    lengths = own.ends - own.begins
    for units in np.split(spoken, np.flatnonzero(own.onsets[spoken])[1:]):
        first, last, before = units[0], units[-1], np.cumsum(lengths[units])
        if before[-1] > 0:
            inner = begins[first] + (ends[last] - begins[first]) * before[:-1] / before[-1]
            begins[units[1:]], ends[units[:-1]] = inner, inner
