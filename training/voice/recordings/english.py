"""English by the human speaker, who recorded none: espeak-ng's English with her spectral envelopes and her F0.

Both speak Mandarin. A linear map from espeak-ng's coded spectral envelopes to hers is fitted to the means of the phones
that both spoke, and applied to espeak-ng's English sentences: the sounds stay English, the timbre comes near to hers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyworld
from numpy.typing import NDArray

from training.voice.analysis.features import HOP_LENGTH, SAMPLE_RATE
from training.voice.corpus.labels import GLOTTAL_ONSETS, Unit
from training.voice.corpus.recording import DITHER_AMPLITUDE, limit_peaks
from training.voice.corpus.speakers import HUMAN_SPEAKER
from training.voice.corpus.utterance_file import ENGLISH_PREFIX, LabeledSpeech, utterance_path, write_utterance
from training.voice.recordings.assembly import FFT_SIZE, expressed
from training.voice.recordings.cleaning import LEVEL_DBFS
from training.voice.recordings.intonation import MAX_F0_HZ, MIN_F0_HZ, SENTENCE_SHIFT
from training.voice.recordings.style import HUMAN_EMOTIONS
from training.voice.recordings.word import FRAME_SECONDS
from training.voice.train.dataset import Utterance, load_utterances

SOURCE_SPEAKER = "female"
CODED_DIMENSIONS = 40
STATES = 3
"""Equal parts of a phone, each with a mean of its own."""
REFERENCE_UTTERANCES = 800
"""Of each speaker, at most, from which the means are computed."""
MIN_STATE_FRAMES = 40
"""A part of a phone with fewer frames of 5 ms is not a reference."""
RIDGE = 2.0
"""Regularization of the map towards a shift alone, relative to the mean variance of the coded envelopes."""
F0_RANGE = 1.2
"""Factor on the excursions of espeak-ng's log F0, which are small."""
Frames = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimbreMap:
    """Maps coded spectral envelopes of one speaker to another: y = x + (x - mean) slope + shift."""

    mean: Frames
    """(coefficients,)"""
    slope: Frames
    """(coefficients, coefficients)"""
    shift: Frames
    """(coefficients,)"""

    @classmethod
    def fit(cls, source: Frames, target: Frames) -> "TimbreMap":
        """Fits the map to (pairs, coefficients) of both speakers by ridge regression."""
        mean, difference = source.mean(0), target - source
        shift = difference.mean(0)
        centered = source - mean
        covariance = centered.T @ centered
        penalty = RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        return cls(mean, np.linalg.solve(covariance + penalty, centered.T @ (difference - shift)), shift)

    def __call__(self, coded: Frames) -> Frames:
        """(frames, coefficients) -> (frames, coefficients)."""
        return coded + (coded - self.mean) @ self.slope + self.shift


def add_english(corpus: Path, processes: int) -> int:
    """Writes English utterances of the human speaker to the corpus, and returns how many there are now.

    Raises `SystemExit` if both speakers have no phone in common, as in a corpus of a few utterances.
    """
    utterances = load_utterances(corpus, held_out=False)
    english = [one for one in utterances if one.speaker == SOURCE_SPEAKER and _is_english(one)]
    missing = [one for one in english if not _path(corpus, one).exists()]
    if missing:
        neutral = [one for one in utterances if one.style == f"{SOURCE_SPEAKER}-neutral" and not _is_english(one)]
        words = [one for one in utterances if one.kind == "word"]
        with ProcessPoolExecutor(processes) as pool:
            source, target = (phone_means(pool, each[:REFERENCE_UTTERANCES]) for each in (neutral, words))
            shared = sorted(source.keys() & target.keys())
            if not shared:
                raise SystemExit(
                    f"{corpus} has too few Mandarin utterances of {SOURCE_SPEAKER}, neutral, or too few words"
                )
            timbre = TimbreMap.fit(np.array([source[key] for key in shared]), np.array([target[key] for key in shared]))
            median = float(np.median(np.log(np.concatenate([one.f0[one.voiced] for one in words]))))
            list(pool.map(partial(_write, corpus, timbre, median), missing, chunksize=8))
    return len(english)


def phone_means(pool: ProcessPoolExecutor, utterances: Sequence[Utterance]) -> dict[tuple[str, int], Frames]:
    """Returns the mean coded envelope of every part of every phone, by phone and number of the part."""
    sums: defaultdict[tuple[str, int], Frames] = defaultdict(lambda: np.zeros(CODED_DIMENSIONS + 1))
    for each in pool.map(_phone_sums, utterances, chunksize=16):
        for key, total in each.items():
            sums[key] += total
    return {key: total[:-1] / total[-1] for key, total in sums.items() if total[-1] >= MIN_STATE_FRAMES}


def _phone_sums(one: Utterance) -> dict[tuple[str, int], Frames]:
    """Returns the sums of coded envelopes and, as the last element, their number."""
    coded, _, _ = _analyze(one)
    sums: dict[tuple[str, int], Frames] = {}
    for (phone, start, end), is_break in zip(_spans(one), one.is_break(), strict=True):
        if is_break:
            continue
        for state, part in enumerate(np.array_split(coded[start:end], STATES)):
            total = np.append(part.sum(0), len(part))
            sums[phone, state] = sums.get((phone, state), 0) + total
    return sums


def _spans(one: Utterance) -> Iterable[tuple[str, int, int]]:
    """Yields phone, and its first and last frame of 5 ms."""
    bounds = np.round(np.append(0, np.cumsum(one.frames)) * HOP_LENGTH / SAMPLE_RATE / FRAME_SECONDS).astype(int)
    return zip(one.units[:, 0].tolist(), bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)


def _analyze(one: Utterance) -> tuple[Frames, Frames, Frames]:
    """Returns, by frames of 5 ms: coded envelopes, F0 in Hz (0 where unvoiced), and aperiodicity (frames, bins)."""
    samples = one.audio().astype(np.float64)
    count = len(samples) * 1000 // SAMPLE_RATE // 5 + 1
    positions = np.arange(count) * FRAME_SECONDS * SAMPLE_RATE / HOP_LENGTH
    nearest = np.minimum(positions.astype(int), len(one.f0) - 1)
    f0 = np.where(one.voiced[nearest], np.interp(positions, np.arange(len(one.f0)), one.f0), 0.0)
    times = np.arange(count) * FRAME_SECONDS
    envelope = pyworld.cheaptrick(samples, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    aperiodicity = pyworld.d4c(samples, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    return pyworld.code_spectral_envelope(envelope, SAMPLE_RATE, CODED_DIMENSIONS), f0, aperiodicity


def _write(corpus: Path, timbre: TimbreMap, median: float, one: Utterance) -> None:
    samples = convert(one, timbre, median)
    emotion = HUMAN_EMOTIONS[one.emotion]
    heard = np.repeat(~one.is_break(), one.frames).repeat(HOP_LENGTH)
    rms = np.sqrt((samples[heard] ** 2).mean() + 1e-12)
    samples = samples * (emotion.gain * 10 ** (LEVEL_DBFS / 20) / rms)
    samples = samples + np.random.default_rng(len(samples)).normal(0, DITHER_AMPLITUDE, len(samples))
    units = [Unit(*unit) for unit in one.units.tolist()]
    f0 = human_f0(one, median).astype(np.float32)
    speech = LabeledSpeech(units, one.frames, limit_peaks(samples).astype(np.float32), f0, one.voiced)
    write_utterance(
        _path(corpus, one), speech, speaker=HUMAN_SPEAKER, emotion=one.emotion, text=one.text, held_out=False
    )


def convert(one: Utterance, timbre: TimbreMap, median: float) -> Frames:
    """(samples,): the utterance in the other timbre; `median` is the human speaker's median of log F0."""
    coded, f0, aperiodicity = _analyze(one)
    sounding = np.zeros(len(coded), bool)
    for (_, start, end), is_break in zip(_spans(one), one.is_break(), strict=True):
        sounding[start:end] = not is_break
    coded[sounding] = timbre(coded[sounding])
    envelope = expressed(pyworld.decode_spectral_envelope(coded, SAMPLE_RATE, FFT_SIZE), HUMAN_EMOTIONS[one.emotion])
    nearest = (np.arange(len(f0)) * FRAME_SECONDS * SAMPLE_RATE / HOP_LENGTH).astype(int)
    shifted = human_f0(one, median)[np.minimum(nearest, len(one.f0) - 1)]
    samples = pyworld.synthesize(
        np.where(f0 > 0, shifted, 0.0), envelope, aperiodicity, SAMPLE_RATE, 1000 * FRAME_SECONDS
    )
    count = len(one.mel) * HOP_LENGTH
    return np.pad(samples, (0, max(0, count - len(samples))))[:count]


def human_f0(one: Utterance, median: float) -> Frames:
    """(frames,): F0 in Hz, moved to the human speaker's register in the emotion of the utterance."""
    emotion = HUMAN_EMOTIONS[one.emotion]
    logs = np.log(one.f0.astype(np.float64))
    center = np.median(logs[one.voiced]) if one.voiced.any() else logs.mean()
    return np.exp(median + SENTENCE_SHIFT + emotion.f0_shift + (logs - center) * F0_RANGE).clip(MIN_F0_HZ, MAX_F0_HZ)


def _is_english(one: Utterance) -> bool:
    """Whether no unit is Mandarin: the names of Mandarin phones end in _c, or are glottal onsets."""
    return not any(phone.endswith("_c") or phone in GLOTTAL_ONSETS for phone in one.units[:, 0].tolist())


def _path(corpus: Path, source: Utterance) -> Path:
    return utterance_path(corpus, f"{ENGLISH_PREFIX}{source.name}")
