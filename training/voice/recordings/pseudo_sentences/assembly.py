"""Assembles pseudo-sentences: spectral envelopes of recorded words (WORLD), with new durations and another F0."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyworld
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from training.voice.analysis.features import HOP_LENGTH, SAMPLE_RATE
from training.voice.corpus.labels import GLOTTAL_ONSETS
from training.voice.corpus.recording import DITHER_AMPLITUDE, limit_peaks
from training.voice.recordings.cleaning import LEVEL_DBFS
from training.voice.recordings.pseudo_sentences.erhua import color
from training.voice.recordings.pseudo_sentences.intonation import Intonation
from training.voice.recordings.pseudo_sentences.script import PseudoSentence
from training.voice.recordings.pseudo_sentences.spectra import Spectra
from training.voice.recordings.pseudo_sentences.timing import LEADING_SECONDS, PhoneSpan, Timing, frame_5_ms
from training.voice.recordings.style import HumanEmotion
from training.voice.recordings.word import FRAME_SAMPLES, FRAME_SECONDS, RecordedWord

FFT_SIZE = 1024
BINS = FFT_SIZE // 2 + 1
SILENCE_POWER = 1e-12
STOPS = frozenset(["b_c", "p_c", "d_c", "t_c", "g_c", "k_c", "j_c", "q_c", "zh_c", "ch_c", "z_c", "c_c"])
"""Initials that begin with a closure, which a recording that begins with them does not have."""
CLOSURE_SHARE, MAX_CLOSURE_FRAMES = 0.45, 10
MAX_FILLED_GAP = 12
"""Frames. Shorter unvoiced gaps inside a final are creak, and are filled."""
VOWEL_ONSETS = frozenset([*GLOTTAL_ONSETS, "y_c", "w_c"])
JOIN_FRAMES, JOIN_WIDTH = 6, 7
"""Envelopes are smoothed over this width, this far to either side of a join."""
NEUTRAL_TONE_DB, SENTENCE_FALL_DB = -3.0, -2.5
TILT_FROM_HZ, TILT_TO_HZ = 1500, 6000


@dataclass(frozen=True, slots=True)
class AssembledSpeech:
    """A pseudo-sentence as audio."""

    samples: NDArray[np.float32]
    """(samples,) at 16 kHz"""
    f0: NDArray[np.float64]
    """(frames of 5 ms,): Hz, also where unvoiced"""
    voiced: NDArray[np.bool_]
    """(frames of 5 ms,)"""


def analyze(word: RecordedWord) -> Spectra:
    """Analyzes a recording, and adds erhua."""
    f0 = _filled(word)
    exact, times = word.samples.astype(np.float64), np.arange(len(f0)) * FRAME_SECONDS
    envelope = pyworld.cheaptrick(exact, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    aperiodicity = pyworld.d4c(exact, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    spectra = Spectra(envelope.astype(np.float32), aperiodicity.astype(np.float32), f0 > 0)
    return color(spectra, word, word.rhotic, analyze(word.rhotic)) if word.rhotic else spectra


def _filled(word: RecordedWord) -> NDArray[np.float64]:
    """(frames,): F0, interpolated through short unvoiced gaps inside Mandarin finals."""
    f0 = word.f0.astype(np.float64)
    if word.is_english:
        return f0
    for start, end in zip(word.bounds[1:-1:2], word.bounds[2::2], strict=True):
        voiced = start + np.flatnonzero(f0[start:end] > 0)
        for before, after in pairwise(voiced):
            if 1 < after - before <= MAX_FILLED_GAP:
                f0[before : after + 1] = np.linspace(f0[before], f0[after], after - before + 1)
    return f0


def source_frames(span: PhoneSpan) -> tuple[NDArray[np.int64], int]:
    """Returns the frames of the recording that a phone's frames come from, and how many silent ones precede them.

    The phone is stretched linearly. The first phone begins after the lead of the sentence; a stop that follows another
    word directly begins with a closure.
    """
    count = frame_5_ms(span.end) - frame_5_ms(span.start)
    first, last = int(span.word.bounds[span.index]), int(span.word.bounds[span.index + 1])
    silent = min(round(LEADING_SECONDS / FRAME_SECONDS), count // 2) if span.start == 0 else 0
    if span.joins_words and span.word.phones[span.index] in STOPS and not span.word.begins_inside:
        silent = min(MAX_CLOSURE_FRAMES, int(count * CLOSURE_SHARE))
    stretched = first + (np.arange(count - silent) + 0.5) / max(1, count - silent) * (last - first)
    frames = np.concatenate([np.full(silent, first), stretched.astype(np.int64)])
    return frames.clip(0, len(span.word.f0) - 1), silent


def assemble(
    sentence: PseudoSentence, timing: Timing, emotion: HumanEmotion, intonation: Intonation
) -> AssembledSpeech:
    """Synthesizes a pseudo-sentence."""
    length = timing.length_5_ms
    envelope, aperiodicity = np.full((length, BINS), SILENCE_POWER), np.ones((length, BINS))
    voiced, sounding = np.zeros(length, bool), np.zeros(length, bool)
    spectra: dict[str, Spectra] = {}
    sources = []
    for span in timing.spans:
        if span.word.text not in spectra:
            spectra[span.word.text] = analyze(span.word)
        source, silent = source_frames(span)
        sources.append(source)
        start = frame_5_ms(span.start)
        frames = slice(start + silent, start + len(source))
        chosen, one = source[silent:], spectra[span.word.text]
        envelope[frames] = one.envelope[chosen] * _gain(span, timing)
        aperiodicity[frames], voiced[frames] = one.aperiodicity[chosen], one.voiced[chosen]
        sounding[frames] = True
    envelope = expressed(envelope, emotion)
    _smooth_joins(timing, envelope, sounding)
    f0 = intonation.contour(sentence, timing, sources, emotion)
    voiced &= sounding
    silence = np.where(voiced[:, None], aperiodicity, 1.0)
    samples = pyworld.synthesize(
        np.where(voiced, f0, 0.0), envelope, silence.clip(0, 1), SAMPLE_RATE, 1000 * FRAME_SECONDS
    )
    samples = np.pad(samples, (0, FRAME_SAMPLES))[: timing.length * HOP_LENGTH]
    samples = _leveled(samples, sounding, emotion.gain)
    dither = np.random.default_rng([13, sentence.seed]).normal(0, DITHER_AMPLITUDE, len(samples))
    return AssembledSpeech(limit_peaks(samples + dither).astype(np.float32), f0, voiced)


def _gain(span: PhoneSpan, timing: Timing) -> float:
    decibels = SENTENCE_FALL_DB * span.start / max(1, timing.length)
    if span.word.tone(span.index) == "5":
        decibels += NEUTRAL_TONE_DB
    return float(10 ** (decibels / 10))


def expressed(envelope: NDArray[np.float64], emotion: HumanEmotion) -> NDArray[np.float64]:
    """(frames, bins): the envelopes with the formants and the tilt of an emotion.

    Tilt is a gain that rises to `emotion.tilt_db` between two frequencies.
    """
    sources = (np.arange(BINS) / emotion.formants).clip(0, BINS - 1)
    below = np.minimum(sources.astype(np.int64), BINS - 2)
    weights = sources - below
    logarithms = np.log(envelope)
    shifted = logarithms[:, below] * (1 - weights) + logarithms[:, below + 1] * weights
    hz = np.maximum(np.linspace(0, SAMPLE_RATE / 2, BINS), 1)
    share = np.log(hz / TILT_FROM_HZ) / np.log(TILT_TO_HZ / TILT_FROM_HZ)
    tilted = np.exp(shifted) * 10 ** (emotion.tilt_db * share.clip(0, 1) / 10)
    return np.ascontiguousarray(tilted, np.float64)  # WORLD takes nothing else


def _smooth_joins(timing: Timing, envelope: NDArray[np.float64], sounding: NDArray[np.bool_]) -> None:
    """Smooths the envelopes in time where a vowel of one recording follows another recording without silence.

    Consonants keep their abrupt onsets: smoothed, stops of different places sound alike.
    """
    for span in timing.spans:
        if not (span.joins_words and span.word.phones[span.index] in VOWEL_ONSETS):
            continue
        center = frame_5_ms(span.start)
        around = slice(max(0, center - JOIN_FRAMES - JOIN_WIDTH), center + JOIN_FRAMES + JOIN_WIDTH)
        if sounding[around].all():
            smooth = np.exp(uniform_filter1d(np.log(envelope[around]), JOIN_WIDTH, axis=0, mode="nearest"))
            envelope[around][JOIN_WIDTH:-JOIN_WIDTH] = smooth[JOIN_WIDTH:-JOIN_WIDTH]


def _leveled(samples: NDArray[np.float64], sounding: NDArray[np.bool_], gain: float) -> NDArray[np.float64]:
    heard = np.repeat(sounding, FRAME_SAMPLES)[: len(samples)]
    rms = np.sqrt((samples[heard] ** 2).mean() + 1e-12)
    return samples * (gain * 10 ** (LEVEL_DBFS / 20) / rms)
