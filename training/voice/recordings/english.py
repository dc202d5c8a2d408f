"""English by the human speaker, who recorded none: espeak-ng's English with her spectral envelopes and her F0.

Both speak Mandarin. A linear map from espeak-ng's coded spectral envelopes to hers is fitted to the means of the phones
that both spoke, and applied to espeak-ng's English: the sounds stay English, the timbre comes near to hers. English
sentences are utterances of their own; English words of mixed sentences become words of the pseudo-sentences.
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
from training.voice.recordings.cleaning import LEVEL_DBFS
from training.voice.recordings.pseudo_sentences.assembly import FFT_SIZE, expressed
from training.voice.recordings.pseudo_sentences.intonation import MAX_F0_HZ, MIN_F0_HZ, RANGE, SENTENCE_SHIFT
from training.voice.recordings.style import HUMAN_EMOTIONS, HumanEmotion
from training.voice.recordings.word import FRAME_SAMPLES, FRAME_SECONDS, RecordedWord
from training.voice.train.dataset import Utterance

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
MARGIN_FRAMES = 20
"""Of 5 ms, on either side of a word that is cut out of a sentence."""
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


@dataclass(frozen=True, slots=True)
class Conversion:
    """From espeak-ng's voice to the human speaker's."""

    timbre: TimbreMap
    median: float
    """The human speaker's median of log F0."""


def fit_conversion(utterances: Sequence[Utterance], processes: int) -> Conversion:
    """Fits the conversion to the training utterances of a corpus: espeak-ng's, and recorded words.

    Raises `SystemExit` if both speakers have no phone in common, as in a corpus of a few utterances.
    """
    neutral = [one for one in utterances if one.style == f"{SOURCE_SPEAKER}-neutral" and not _is_english(one)]
    words = [one for one in utterances if one.kind == "word"]
    with ProcessPoolExecutor(processes) as pool:
        source, target = (phone_means(pool, each[:REFERENCE_UTTERANCES]) for each in (neutral, words))
    shared = sorted(source.keys() & target.keys())
    if not shared:
        raise SystemExit(f"the corpus has too few Mandarin utterances of {SOURCE_SPEAKER}, neutral, or too few words")
    timbre = TimbreMap.fit(np.array([source[key] for key in shared]), np.array([target[key] for key in shared]))
    return Conversion(timbre, float(np.median(np.log(np.concatenate([one.f0[one.voiced] for one in words])))))


def missing_english(corpus: Path, utterances: Sequence[Utterance]) -> list[Utterance]:
    """Returns the English utterances of espeak-ng that the corpus does not contain in the human speaker's voice."""
    english = [one for one in utterances if one.speaker == SOURCE_SPEAKER and _is_english(one)]
    return [one for one in english if not _path(corpus, one).exists()]


def add_english(corpus: Path, missing: Sequence[Utterance], conversion: Conversion, processes: int) -> None:
    """Writes the missing English utterances of the human speaker to the corpus."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(partial(_write, corpus, conversion), missing, chunksize=8))


def english_words(utterances: Sequence[Utterance], conversion: Conversion, processes: int) -> list[RecordedWord]:
    """Returns the English words of espeak-ng's neutral sentences in the human speaker's voice."""
    neutral = [one for one in utterances if one.style == f"{SOURCE_SPEAKER}-neutral"]
    sources = [one for one in neutral if any(_is_english_phone(phone) for phone in one.units[~one.is_break(), 0])]
    with ProcessPoolExecutor(processes) as pool:
        return [word for words in pool.map(partial(_words, conversion), sources, chunksize=8) for word in words]


def _words(conversion: Conversion, one: Utterance) -> list[RecordedWord]:
    """Returns the English words of an utterance, each with a margin of silence or of its neighbors' sound."""
    neutral = HUMAN_EMOTIONS["neutral"]
    samples = _leveled(one, convert(one, conversion, neutral), 1.0).astype(np.float32)
    f0 = np.where(one.voiced, np.exp(conversion.median + _f0_excursion(one) / RANGE), 0.0)
    f0 = _every_5_ms(one, f0).astype(np.float32)
    starts = np.array([start for _, start, _ in _spans(one)])
    words, first = [], 0
    for text, last in zip(one.text.split(), np.flatnonzero(one.is_break()).tolist(), strict=True):
        if _is_english_phone(one.units[first, 0]):
            begin, end = max(0, starts[first] - MARGIN_FRAMES), starts[last] + MARGIN_FRAMES
            units = tuple(Unit(*unit) for unit in one.units[first:last].tolist())
            words.append(
                RecordedWord(
                    f"{one.name}[{first}]", (text.partition("#")[0],),
                    samples[begin * FRAME_SAMPLES : end * FRAME_SAMPLES], f0[begin:end],
                    starts[first : last + 1] - begin, begins_inside=first > 0, english_units=units,
                )
            )  # fmt: skip
        first = last + 1
    return words


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
    f0 = _every_5_ms(one, np.where(one.voiced, one.f0, 0.0))
    times = np.arange(len(f0)) * FRAME_SECONDS
    envelope = pyworld.cheaptrick(samples, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    aperiodicity = pyworld.d4c(samples, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    return pyworld.code_spectral_envelope(envelope, SAMPLE_RATE, CODED_DIMENSIONS), f0, aperiodicity


def _every_5_ms(one: Utterance, f0: Frames) -> Frames:
    """(frames,) -> (frames of 5 ms,): F0 in Hz, 0 where unvoiced."""
    count = len(one.mel) * HOP_LENGTH * 1000 // SAMPLE_RATE // 5 + 1
    positions = np.arange(count) * FRAME_SECONDS * SAMPLE_RATE / HOP_LENGTH
    voiced = np.flatnonzero(f0)
    nearest = np.minimum(positions.astype(int), len(f0) - 1)
    filled = np.interp(positions, voiced, f0[voiced]) if len(voiced) else np.zeros(count)
    return np.where(f0[nearest] > 0, filled, 0.0)


def _write(corpus: Path, conversion: Conversion, one: Utterance) -> None:
    emotion = HUMAN_EMOTIONS[one.emotion]
    samples = _leveled(one, convert(one, conversion, emotion), emotion.gain)
    samples = samples + np.random.default_rng(len(samples)).normal(0, DITHER_AMPLITUDE, len(samples))
    units = [Unit(*unit) for unit in one.units.tolist()]
    f0 = _human_f0(one, conversion, emotion).astype(np.float32)
    speech = LabeledSpeech(units, one.frames, limit_peaks(samples).astype(np.float32), f0, one.voiced)
    write_utterance(
        _path(corpus, one), speech, speaker=HUMAN_SPEAKER, emotion=one.emotion, text=one.text, held_out=False
    )


def _leveled(one: Utterance, samples: Frames, gain: float) -> Frames:
    heard = np.repeat(~one.is_break(), one.frames).repeat(HOP_LENGTH)
    rms = np.sqrt((samples[heard] ** 2).mean() + 1e-12)
    return samples * (gain * 10 ** (LEVEL_DBFS / 20) / rms)


def convert(one: Utterance, conversion: Conversion, emotion: HumanEmotion) -> Frames:
    """(samples,): the utterance in the human speaker's timbre and register."""
    coded, f0, aperiodicity = _analyze(one)
    sounding = np.zeros(len(coded), bool)
    for (_, start, end), is_break in zip(_spans(one), one.is_break(), strict=True):
        sounding[start:end] = not is_break
    coded[sounding] = conversion.timbre(coded[sounding])
    envelope = expressed(pyworld.decode_spectral_envelope(coded, SAMPLE_RATE, FFT_SIZE), emotion)
    nearest = (np.arange(len(f0)) * FRAME_SECONDS * SAMPLE_RATE / HOP_LENGTH).astype(int)
    shifted = _human_f0(one, conversion, emotion)[np.minimum(nearest, len(one.f0) - 1)]
    samples = pyworld.synthesize(
        np.where(f0 > 0, shifted, 0.0), envelope, aperiodicity, SAMPLE_RATE, 1000 * FRAME_SECONDS
    )
    count = len(one.mel) * HOP_LENGTH
    return np.pad(samples, (0, max(0, count - len(samples))))[:count]


def _human_f0(one: Utterance, conversion: Conversion, emotion: HumanEmotion) -> Frames:
    """(frames,): F0 in Hz, moved to the human speaker's register in an emotion."""
    level = conversion.median + SENTENCE_SHIFT + emotion.f0_shift
    return np.exp(level + _f0_excursion(one)).clip(MIN_F0_HZ, MAX_F0_HZ)


def _f0_excursion(one: Utterance) -> Frames:
    """(frames,): log F0 about the median of the utterance, with a wider range."""
    logs = np.log(one.f0.astype(np.float64))
    center = np.median(logs[one.voiced]) if one.voiced.any() else logs.mean()
    return (logs - center) * F0_RANGE


def _is_english(one: Utterance) -> bool:
    return all(_is_english_phone(phone) for phone in one.units[~one.is_break(), 0].tolist())


def _is_english_phone(phone: str) -> bool:
    """The names of Mandarin phones end in _c, or are glottal onsets."""
    return not (phone.endswith("_c") or phone in GLOTTAL_ONSETS)


def _path(corpus: Path, source: Utterance) -> Path:
    return utterance_path(corpus, f"{ENGLISH_PREFIX}{source.name}")
