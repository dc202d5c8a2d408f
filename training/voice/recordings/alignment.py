"""Aligns recorded words with their phones: a hidden Markov model that is trained from a flat start (Viterbi training).

Frames are 5 ms. A phone is a chain of states, each a normal distribution with diagonal covariance; silence is one state
at either end of a word. The words are independent, so the Viterbi algorithm runs over a batch of words at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray
from scipy.fft import dct

from training.voice.analysis.features import SAMPLE_RATE
from training.voice.corpus.erhua import INITIALS
from training.voice.corpus.labels import GLOTTAL_ONSETS, VOICELESS_PHONES
from training.voice.recordings.word import FRAME_SAMPLES, FRAMES_PER_SECOND

WINDOW_SAMPLES, FFT_SIZE = 400, 512
FILTERS, CEPSTRA = 26, 13
MIN_F0_HZ, MAX_F0_HZ = 60.0, 450.0
MIN_VOICED_RMS = 0.008
VOICING_COPIES, VOICING_NOISE = 6, 0.15
"""Voicing is a feature of its own, repeated so that it counts as much as six cepstra; noise keeps its variance up."""
STATES_OF_INITIAL, STATES_OF_FINAL = 3, 4
EDGE_FRAMES = 12
"""Frames at either end that are silence at the flat start."""
ITERATIONS = 10
BATCH = 256
MIN_VARIANCE = 0.02
"""Of a state, in units of the variance of all frames."""
INITIAL_DELAY, FINAL_DELAY = {True: 7, False: 2}, 3
"""Frames by which the model's boundaries are late: the end of a voiceless (True) or voiced initial, and of a final.
Measured on words of espeak-ng, whose boundaries are known."""
MAX_ONSET_DISTANCE, MAX_OFFSET_DISTANCE = 12, 30
"""Frames from a boundary of a voiceless initial to the voicing onset or offset that it is moved to. The model counts
the closure of a stop as a part of the final before it."""
_IMPOSSIBLE = -1e30
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """What the aligner hears of one word."""

    features: Floats
    """(frames, features)"""
    f0: Floats
    """(frames,): Hz, 0 where unvoiced"""

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """(frames,): where F0 is known."""
        return self.f0 > 0


def word_features(samples: Floats) -> WordFeatures:
    """(samples,) -> cepstra, their slopes, and voicing, one row for 5 ms."""
    count = len(samples) // FRAME_SAMPLES
    padded = np.pad(samples, (WINDOW_SAMPLES // 2, WINDOW_SAMPLES))
    emphasized = np.append(padded[0], padded[1:] - 0.97 * padded[:-1])
    frames = emphasized[np.arange(count)[:, None] * FRAME_SAMPLES + np.arange(WINDOW_SAMPLES)] * np.hamming(
        WINDOW_SAMPLES
    )
    power = np.abs(np.fft.rfft(frames, FFT_SIZE)) ** 2 @ _FILTER_BANK
    cepstra = dct(np.log(np.maximum(power, 1e-6)), norm="ortho")[:, :CEPSTRA]
    around = np.pad(cepstra, ((2, 2), (0, 0)), mode="edge")
    slopes = (2 * (around[4:] - around[:-4]) + around[3:-1] - around[1:-3]) / 10
    f0 = track_f0(samples)[:count]
    noise = np.random.default_rng(count).normal(0, VOICING_NOISE, (count, 1))
    voicing = np.repeat((f0 > 0)[:, None] + noise, VOICING_COPIES, axis=1)
    return WordFeatures(np.hstack([cepstra, slopes, voicing]).astype(np.float32), f0)


def track_f0(samples: Floats) -> Floats:
    """(samples,) -> F0 in Hz for every 5 ms, 0 where unvoiced or too soft."""
    exact = samples.astype(np.float64)
    limits = {"f0_floor": MIN_F0_HZ, "f0_ceil": MAX_F0_HZ, "frame_period": 1000 / FRAMES_PER_SECOND}
    f0, times = pyworld.dio(exact, SAMPLE_RATE, **limits, channels_in_octave=4, allowed_range=0.2)
    f0 = pyworld.stonemask(exact, f0, times, SAMPLE_RATE)
    rms = np.sqrt(np.convolve(exact**2, np.ones(2 * FRAME_SAMPLES) / (2 * FRAME_SAMPLES), mode="same")[::FRAME_SAMPLES])
    rms = np.pad(rms, (0, max(0, len(f0) - len(rms))))[: len(f0)]
    return np.where(rms > MIN_VOICED_RMS, f0, 0).astype(np.float32)


class Aligner:
    """The model. `train` it, then `align` words or compare readings by `log_likelihood`."""

    def __init__(self, phones: Sequence[str]) -> None:
        self._first_state, self._states = {}, 1
        for phone in phones:
            self._first_state[phone] = self._states
            self._states += len(_state_offsets(phone))

    def train(
        self, words: Sequence[WordFeatures], phones: Sequence[Sequence[str]], iterations: int = ITERATIONS
    ) -> None:
        """Trains the model on words and the phones of each."""
        everything = np.concatenate([word.features for word in words])
        self._mean, self._deviation = everything.mean(0), everything.std(0)
        features = [self._normalize(word) for word in words]
        chains = [self._chain(each) for each in phones]
        paths = [_flat_path(len(x), chain) for x, chain in zip(features, chains, strict=True)]
        stacked = np.concatenate(features)
        for _ in range(iterations):
            self._fit(stacked, np.concatenate([chain[path] for chain, path in zip(chains, paths, strict=True)]))
            paths = [path for path, _ in self._best_paths(features, chains)]

    def align(self, words: Sequence[WordFeatures], phones: Sequence[Sequence[str]]) -> list[NDArray[np.int64] | None]:
        """Returns for each word the phones + 1 boundaries in frames; None where a phone is missing."""
        chains = [self._chain(each) for each in phones]
        best = self._best_paths([self._normalize(word) for word in words], chains)
        return [
            _corrected(_boundaries(path, each), each, word.voiced)
            for (path, _), each, word in zip(best, phones, words, strict=True)
        ]

    def log_likelihood(self, word: WordFeatures, phones: Sequence[str]) -> float:
        """Returns the logarithm of the likelihood of the best path."""
        ((_, likelihood),) = self._best_paths([self._normalize(word)], [self._chain(phones)])
        return likelihood

    def knows(self, phones: Sequence[str]) -> bool:
        """Returns whether the model has all these phones."""
        return all(phone in self._first_state for phone in phones)

    def _normalize(self, word: WordFeatures) -> Floats:
        return (word.features - self._mean) / self._deviation

    def _chain(self, phones: Sequence[str]) -> NDArray[np.int64]:
        """Returns the states of a word: silence, those of its phones, silence."""
        states = [self._first_state[phone] + offset for phone in phones for offset in _state_offsets(phone)]
        return np.array([0, *states, 0])

    def _fit(self, features: Floats, states: NDArray[np.int64]) -> None:
        counts = np.bincount(states, minlength=self._states)[:, None]
        order = np.argsort(states, kind="stable")
        starts = np.searchsorted(states[order], np.arange(self._states))
        starts = np.minimum(starts, len(states) - 1)
        sums, squares = (
            np.add.reduceat(part[order].astype(np.float64), starts, axis=0) for part in (features, features**2)
        )
        seen = counts > 0
        means = np.where(seen, sums / np.maximum(counts, 1), 0)
        variances = np.where(seen, squares / np.maximum(counts, 1) - means**2, 1)
        variances = np.maximum((variances * counts + 10) / (counts + 10), MIN_VARIANCE)
        self._means, self._precisions = means.astype(np.float32), (1 / variances).astype(np.float32)
        self._constants = -0.5 * np.log(variances).sum(1).astype(np.float32)

    def _log_probabilities(self, features: Floats) -> Floats:
        """(frames, features) -> (frames, states)."""
        scaled = self._means * self._precisions
        distance = features**2 @ self._precisions.T - 2 * features @ scaled.T + (scaled * self._means).sum(1)
        return self._constants - 0.5 * distance

    def _best_paths(
        self, features: Sequence[Floats], chains: Sequence[NDArray[np.int64]]
    ) -> list[tuple[NDArray[np.int64], float]]:
        """Returns for each word the index in its chain of every frame, and the logarithm of the likelihood."""
        order = sorted(range(len(features)), key=lambda index: len(features[index]))
        result: dict[int, tuple[NDArray[np.int64], float]] = {}
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            scores = [self._log_probabilities(features[index])[:, chains[index]] for index in chosen]
            result |= dict(zip(chosen, _viterbi(scores), strict=True))
        return [result[index] for index in range(len(features))]


def _viterbi(scores: Sequence[Floats]) -> list[tuple[NDArray[np.int64], float]]:
    """Best paths through chains of states, for a batch of words: scores (frames, chain) -> index in the chain.

    A path stays in its state or goes to the next one; it starts in the first or second, and ends in the last two.
    """
    frames = max(len(word) for word in scores)
    width = max(word.shape[1] for word in scores)
    padded = np.full((frames, len(scores), width), _IMPOSSIBLE, np.float32)
    for index, word in enumerate(scores):
        padded[: len(word), index, : word.shape[1]] = word
    best = np.full((len(scores), width), _IMPOSSIBLE, np.float32)
    best[:, :2] = padded[0, :, :2]
    moved = np.zeros((frames, len(scores), width), bool)
    finals = {}
    for frame in range(frames):
        if frame:
            previous = np.pad(best[:, :-1], ((0, 0), (1, 0)), constant_values=_IMPOSSIBLE)
            moved[frame] = previous > best
            best = np.maximum(best, previous) + padded[frame]
        finals |= {index: best[index].copy() for index, word in enumerate(scores) if len(word) == frame + 1}
    return [_trace_back(moved[: len(word), index], finals[index][: word.shape[1]]) for index, word in enumerate(scores)]


def _trace_back(moved: NDArray[np.bool_], last: Floats) -> tuple[NDArray[np.int64], float]:
    state = len(last) - 2 + int(last[-1] >= last[-2])
    likelihood = float(last[state])
    path = np.zeros(len(moved), np.int64)
    for frame in range(len(moved) - 1, -1, -1):
        path[frame] = state
        state -= int(moved[frame, state])
    return path, likelihood


def _state_offsets(phone: str) -> range:
    if phone in GLOTTAL_ONSETS:
        return range(1)
    return range(STATES_OF_INITIAL if is_initial(phone) else STATES_OF_FINAL)


def is_initial(phone: str) -> bool:
    """Returns whether a Mandarin phone is an initial or a glottal onset."""
    return phone in GLOTTAL_ONSETS or phone.removesuffix("_c") in INITIALS


def _flat_path(frames: int, chain: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns a path with silence at the edges and the states equally long."""
    inner = np.arange(frames - 2 * EDGE_FRAMES) * (len(chain) - 2) // max(1, frames - 2 * EDGE_FRAMES) + 1
    return np.concatenate([np.zeros(EDGE_FRAMES, np.int64), inner, np.full(EDGE_FRAMES, len(chain) - 1)])[:frames]


def _boundaries(path: NDArray[np.int64], phones: Sequence[str]) -> NDArray[np.int64] | None:
    """Returns the first frame of every phone, and the end of the last one."""
    firsts = np.cumsum([1, *(len(_state_offsets(phone)) for phone in phones)])
    bounds = np.searchsorted(path, firsts)
    return bounds if (np.diff(bounds) > 0).all() else None


def _corrected(
    bounds: NDArray[np.int64] | None, phones: Sequence[str], voiced: NDArray[np.bool_]
) -> NDArray[np.int64] | None:
    """Subtracts the model's delays, and moves the boundaries of voiceless initials to where voicing ends and begins."""
    if bounds is None:
        return None
    change = np.diff(voiced.astype(np.int8))
    onsets, offsets = (np.flatnonzero(change == sign) + 1 for sign in (1, -1))
    corrected = [int(bounds[0])]
    for index, (phone, end) in enumerate(zip(phones, bounds[1:], strict=True)):
        if is_initial(phone):
            moved = int(end) - INITIAL_DELAY[phone in VOICELESS_PHONES]
            if phone in VOICELESS_PHONES:
                moved = _nearest(onsets, moved, MAX_ONSET_DISTANCE, MAX_ONSET_DISTANCE)
        else:
            moved = int(end) - FINAL_DELAY
            if index + 1 < len(phones) and phones[index + 1] in VOICELESS_PHONES:
                moved = _nearest(offsets, moved, MAX_OFFSET_DISTANCE, 0)
        corrected.append(corrected[-1] if phone in GLOTTAL_ONSETS else max(corrected[-1], moved))
    return np.array(corrected)


def _nearest(candidates: NDArray[np.int64], frame: int, before: int, after: int) -> int:
    """Returns the candidate nearest to `frame` within these distances, or else `frame`."""
    near = candidates[(candidates >= frame - before) & (candidates <= frame + after)]
    return int(near[np.abs(near - frame).argmin()]) if len(near) else frame


def _mel_filters() -> NDArray[np.float64]:
    """(257, 26): triangles on O'Shaughnessy's mel scale, from 60 Hz to 7.8 kHz."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (60, 7800))
    edges = 700 * (10 ** (np.linspace(low, high, FILTERS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(FFT_SIZE, 1 / SAMPLE_RATE)[:, None]
    rising, falling = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling))


_FILTER_BANK = _mel_filters()
