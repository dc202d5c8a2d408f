"""Synthesizes a sentence of the script with espeak-ng, with the exact duration of every unit."""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import soxr
from numpy.typing import NDArray

from server.text.units.syllables import split_tone, to_phones
from training.voice.analysis.features import HOP_LENGTH, SAMPLE_RATE
from training.voice.corpus.erhua import erhua_ssml
from training.voice.corpus.espeak import Espeak, SynthesizedSpeech
from training.voice.corpus.labels import PhonemeMismatchError, TimedUnit, Unit, label_english, label_mandarin
from training.voice.corpus.script import Sentence, Word

BREAK_SECONDS = {1: 0.0, 2: 0.05, 3: 0.22, 4: 0.28}
"""By level, before the emotion's factor."""
LANGUAGE_SWITCH_SECONDS = 0.03
"""Minimum silence between Mandarin and English, which are synthesized separately."""
LEADING_SILENCE_SECONDS = 0.04
FADE_SECONDS = 0.005
LIMITER_KNEE = 0.9
DITHER_AMPLITUDE = 2e-4
"""Digital silence would have log magnitudes far below everything else, which would dominate the losses."""
QUESTION_PITCH_RISE = (0, 4, 8, 25)
"""Percent by which the pitch of the last syllables of a question is raised."""
STRESS_PITCH, STRESS_RATE, STRESS_GAIN = "+8%", "-12%", 1.15
STRESS_RAMP_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Recording:
    """Speech and its labels."""

    samples: NDArray[np.float32]
    """(samples,) at 16 kHz"""
    units: tuple[Unit, ...]
    frames: NDArray[np.int64]
    """(units,): durations; their sum is the number of frames."""


def record(sentence: Sentence, espeak: Espeak) -> Recording:
    """Speaks the sentence.

    Raises `PhonemeMismatchError` if espeak-ng speaks other phonemes than the labels name, or reports times that do not
    increase, which happens once in some thousand sentences.
    """
    emotion = sentence.style.emotion
    rng = random.Random(sentence.name)
    audio: list[NDArray[np.float32]] = []
    units: list[Unit] = []
    ends: list[float] = []
    time, silence = 0.0, LEADING_SILENCE_SECONDS
    for clause in _clauses(sentence.words):
        labels, speech, speech_end = _speak(clause, sentence, espeak)
        audio += [_silence(silence, speech.sample_rate), _faded(speech, speech_end)]
        time += len(audio[-2]) / speech.sample_rate
        ends += [time + end for _, end in labels]
        units += [unit for unit, _ in labels]
        time += len(audio[-1]) / speech.sample_rate
        ends[-2] = time
        level = clause[-1].break_level
        minimum = LANGUAGE_SWITCH_SECONDS if level == 1 else 0
        silence = max(BREAK_SECONDS[level] * emotion.break_factor * rng.uniform(0.9, 1.1), minimum)
        ends[-1] = time + silence
    audio.append(_silence(silence, speech.sample_rate))
    samples = soxr.resample(np.concatenate(audio) * emotion.gain, speech.sample_rate, SAMPLE_RATE)
    samples = samples + np.random.default_rng(rng.getrandbits(32)).normal(0, DITHER_AMPLITUDE, len(samples))
    bounds = np.round(np.array([0.0, *ends]) * SAMPLE_RATE / HOP_LENGTH).astype(np.int64)
    frames = np.diff(bounds)
    if frames.min() < 0:
        raise PhonemeMismatchError(f"{units[int(frames.argmin())]} of {sentence.name} ends before it begins")
    count = bounds[-1] * HOP_LENGTH
    padded = np.pad(samples, (0, max(0, count - len(samples))))[:count]
    return Recording(limit_peaks(padded).astype(np.float32), tuple(units), frames)


def _clauses(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Divides a sentence into the parts that espeak-ng speaks at once: one language, up to a break of level 2."""
    clause: list[Word] = []
    for word, following in itertools.zip_longest(words, words[1:]):
        clause.append(word)
        if following is None or word.break_level >= 2 or following.english != word.english:
            yield clause
            clause = []


def _speak(
    clause: Sequence[Word], sentence: Sentence, espeak: Espeak
) -> tuple[list[TimedUnit], SynthesizedSpeech, float]:
    """Returns labels, speech, and the time at which the last phone ends."""
    style = sentence.style
    if clause[0].english:
        speech = espeak.synthesize(" ".join(word.syllables[0] for word in clause), style.english())
        voice = style.english().voice
        labels = label_english(clause, speech, lambda word: espeak.transcribe(word, voice))
        return labels, speech, labels[-1][1]
    rising = sentence.is_question and clause[-1] is sentence.words[-1]
    speech = espeak.synthesize(_ssml(clause, rising, style.emotion.stress), style.mandarin())
    labels = label_mandarin(clause, speech.phonemes)
    if style.emotion.stress:
        speech = _with_stress(labels, speech)
    return labels, speech, labels[-1][1]


def _ssml(clause: Sequence[Word], rising: bool, stressed: bool) -> str:
    parts = []
    count = sum(len(word.syllables) for word in clause)
    for word in clause:
        for index, syllable in enumerate(word.syllables):
            part = syllable_ssml(syllable)
            remaining = count - len(parts)
            if rising and remaining < len(QUESTION_PITCH_RISE):
                part = f"<prosody pitch='+{QUESTION_PITCH_RISE[-remaining]}%'>{part}</prosody>"
            elif stressed and index == 0 and len(word.syllables) > 1:
                part = f"<prosody pitch='{STRESS_PITCH}' rate='{STRESS_RATE}'>{part}</prosody>"
            parts.append(part)
    return f"<speak>{' '.join(parts)}</speak>"


def syllable_ssml(syllable: str) -> str:
    """Returns how a syllable (`nv3`, `dianr3`) is written for espeak-ng."""
    base, tone = split_tone(syllable)
    if base != "er" and base.endswith("r"):
        return erhua_ssml(*to_phones(base, "PinYin"), tone)
    return re.sub("^([jqxy])v", r"\1u", base).replace("v", "ü") + tone


def _with_stress(labels: Sequence[TimedUnit], speech: SynthesizedSpeech) -> SynthesizedSpeech:
    """Amplifies the first syllable of each word, with smooth ramps."""
    gain = np.ones(len(speech.samples), np.float32)
    times = [0.0, *(end for _, end in labels)]
    for index, (unit, _) in enumerate(labels):
        if unit.word_flag == "word_begin":
            start, end = (int(t * speech.sample_rate) for t in (times[index], times[index + 2]))
            gain[start:end] = STRESS_GAIN
    width = int(STRESS_RAMP_SECONDS * speech.sample_rate)
    smooth = np.convolve(np.pad(gain, width, mode="edge"), np.hanning(width) / np.hanning(width).sum(), mode="same")
    return replace(speech, samples=speech.samples * smooth[width:-width].astype(np.float32))


def _faded(speech: SynthesizedSpeech, until: float) -> NDArray[np.float32]:
    samples = speech.samples[: int(until * speech.sample_rate)].copy()
    ramp = np.linspace(1, 0, int(FADE_SECONDS * speech.sample_rate), dtype=np.float32)
    samples[-len(ramp) :] *= ramp
    return samples


def limit_peaks(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Soft limiter: amplitudes above the knee are compressed, so that none exceeds full scale."""
    over = np.maximum(np.abs(samples) - LIMITER_KNEE, 0)
    compressed = LIMITER_KNEE + (1 - LIMITER_KNEE) * np.tanh(over / (1 - LIMITER_KNEE))
    return np.sign(samples) * np.minimum(np.abs(samples), compressed)


def _silence(seconds: float, rate: int) -> NDArray[np.float32]:
    return np.zeros(round(seconds * rate), np.float32)
