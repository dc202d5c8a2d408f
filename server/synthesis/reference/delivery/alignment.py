"""Where in a recording each unit of a sentence is spoken, by comparison with the voice's own speech of it."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from server.references.analysis.frames import SHIFT_SECONDS
from server.synthesis.reference.delivery.speech_frames import SpeechFrames
from server.synthesis.reference.delivery.warping import Band, Warping, WarpingPath

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

SCALES = (0.8, 0.86, 0.93, 1.0, 1.08, 1.16, 1.25)
"""Frequencies of the recorded speaker's resonances, relative to those of the voice."""
SILENT_WEIGHT = 0.3
"""Of a silent frame in the warping; pauses may be anywhere."""
HIGHEST_SHARE = 0.95
"""Of half the lower rate: the highest frequency that is compared."""
COARSE = 3
"""The whole recording is searched at every third frame, then the surroundings of what was found at every frame."""
RADIUS = 12
"""Frames around the coarse path."""
MAX_STRETCH, MAX_PAUSES = 3.0, 400
"""How much longer than the voice's own speech that of the recording may be, and frames of pauses besides."""
SHUFFLES = 6
"""Orders of the syllables that the score is a comparison with."""
END_SILENCE = 10
"""Silent frames after which a sentence may end."""
END_BONUS = 0.93
"""Factor on the cost of an end before silence."""


@dataclass(frozen=True, slots=True)
class OwnSpeech:
    """A sentence as the voice speaks it by itself."""

    frames: SpeechFrames
    begins: Values
    """(units,): seconds."""
    ends: Values
    breaks: Flags
    """(units,): which are pauses, and punctuation."""
    onsets: Flags
    """(units,): which begin a syllable, so that there may be a pause before them."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The result for one sentence."""

    place: Values
    """(own frames,): frames of the recording."""
    score: float
    """Up to 1: how much nearer the recording is to the sentence than to its syllables in other orders, on average."""
    first: int
    """Frame of the recording where the search began."""
    end: int
    """The last frame that belongs to the sentence."""


class RecordedSpeech:
    """A recording, prepared for the alignment of several sentences."""

    def __init__(self, frames: SpeechFrames) -> None:
        self.frames = frames
        self._features: dict[tuple[float, float], NDArray[np.float32]] = {}

    def features(self, highest: float, scale: float) -> NDArray[np.float32]:
        """Those of its frames, computed once for each scale."""
        key = highest, scale
        if key not in self._features:
            self._features[key] = self.frames.features(highest, scale)
        return self._features[key]

    def has_speech_from(self, frame: int) -> bool:
        """Whether there is at least a fifth of a second of speech."""
        return bool((~self.frames.silent[frame:]).sum() * SHIFT_SECONDS >= 0.2)


def align(own: OwnSpeech, recorded: RecordedSpeech, first: int, *, closed: bool) -> Alignment:
    """Aligns a sentence with a recording from the frame `first` on; `closed`: up to its end."""
    stop = len(recorded.frames)
    if not closed:
        stop = min(stop, first + round(MAX_STRETCH * len(own.frames)) + MAX_PAUSES)
    search = _Search(own, recorded, first, stop, _possible_ends(recorded.frames.silent[first:], stop - first, closed))
    scale, path, score = search.coarse()
    path = search.fine(scale, path)
    place = first + path.other_places(len(own.frames))
    return Alignment(place, score, first, first + int(path.other[-1]))


class _Search:
    """The search for one sentence in a part of a recording."""

    def __init__(self, own: OwnSpeech, recorded: RecordedSpeech, first: int, stop: int, ends: Values) -> None:
        self._highest = HIGHEST_SHARE * min(own.frames.rate, recorded.frames.rate) / 2 / max(SCALES)
        self._features = own.frames.features(self._highest)
        self._recorded, self._part = recorded, slice(first, stop)
        self._spoken, self._heard = ~own.frames.silent, ~recorded.frames.silent[first:stop]
        self._weights, self._others = (np.where(each, 1.0, SILENT_WEIGHT) for each in (self._spoken, self._heard))
        self._ends = ends
        self._own = own

    def coarse(self) -> tuple[float, WarpingPath, float]:
        """The best scale, its path at every `COARSE`-th frame, and the score."""
        found = [(*self._warp(scale, np.arange(0, len(self._features), COARSE)), scale) for scale in SCALES]
        cost, path, scale = min(found, key=lambda one: one[0])
        others = [self._warp(scale, _shuffled(self._own, number)[::COARSE])[0] for number in range(SHUFFLES)]
        chance = float(np.mean(others))
        return scale, path, 1 - cost / chance if 0 < chance < np.inf else 0.0

    def fine(self, scale: float, coarse: WarpingPath) -> WarpingPath:
        """The path at every frame, around a coarse one."""
        others = self._recorded.features(self._highest, scale)[self._part]
        band = Band.around(coarse, COARSE, RADIUS, len(self._features), len(others))
        warping = Warping(self._features, others, self._weights, self._others, band)
        return warping.path(int(np.argmin(warping.ends() * self._ends)))

    def _warp(self, scale: float, frames: NDArray[np.int64]) -> tuple[float, WarpingPath]:
        """The mean distance along the path of some of our frames to every `COARSE`-th of the others, and the path."""
        others = self._recorded.features(self._highest, scale)[self._part][::COARSE]
        band = Band.full(len(frames), len(others))
        warping = Warping(self._features[frames], others, self._weights[frames], self._others[::COARSE], band)
        ends = np.minimum.reduceat(self._ends, np.arange(0, len(self._ends), COARSE))
        path = warping.path(int(np.argmin(warping.ends() * ends)))
        both = self._spoken[frames][path.own] & self._heard[::COARSE][path.other]
        return float(path.costs[both].mean()) if both.any() else np.inf, path


def _shuffled(own: OwnSpeech, number: int) -> NDArray[np.int64]:
    """The frames of the sentence with its syllables in another order: other speech of the same sounds."""
    cuts = np.round(own.begins[own.onsets] / SHIFT_SECONDS).astype(np.int64)
    syllables = np.split(np.arange(len(own.frames)), cuts[1:])
    return np.concatenate([syllables[index] for index in np.random.default_rng(number).permutation(len(syllables))])


def _possible_ends(silent: Flags, count: int, closed: bool) -> Values:
    """(count,): factors on the costs of paths that end at each frame; infinite where none may end."""
    if closed:
        return np.where(np.arange(count) < count - COARSE, np.inf, 1.0)
    padded = np.append(silent, np.ones(END_SILENCE, bool))
    following = np.asarray(sliding_window_view(padded[1:], END_SILENCE).all(axis=1))
    return np.where(following[:count] & ~silent[:count], END_BONUS, 1.0)
