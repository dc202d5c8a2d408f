"""A line of the script -> speech and the exact length of every unit in it."""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from server.text.english.dictionary import VOWELS
from server.text.units.syllables import split_tone, to_phones
from training.voice import arpabet, erhua
from training.voice.espeak import Espeak, Phoneme, Rendering
from training.voice.script import Line, Word

RATE = 16000
HOP = 200
BREAKS = {1: 0.0, 2: 0.05, 3: 0.22, 4: 0.28}
"""Seconds of silence, before the emotion's factor."""
JUNCTION = 0.03
"""Seconds between Mandarin and English, which are spoken one by one."""
LEAD = 0.04
FADE = 0.005
KNEE = 0.9
DITHER = 2e-4
"""Digital silence has a logarithm far below everything else, and a model spends itself on it."""
SHORTEST_GLIDE, GLIDE_PART = 0.05, 0.3
"""Where espeak-ng begins yi or wu with the vowel, y and w get the smaller of these: seconds, part of the vowel."""
QUESTION_RISE = (0, 4, 8, 25)
"""Percent by which the last syllables of a question rise."""
STRESS = ("+8%", "-12%", 1.15)
"""Pitch, rate and loudness of a stressed syllable."""


VOICELESS = frozenset(
    [
        "b_c",
        "p_c",
        "d_c",
        "t_c",
        "g_c",
        "k_c",
        "h_c",
        "f_c",
        "j_c",
        "q_c",
        "xx_c",
        "zh_c",
        "ch_c",
        "sh_c",
        "z_c",
        "c_c",
        "s_c",
        "p",
        "t",
        "k",
        "f",
        "th",
        "s",
        "sh",
        "ch",
        "hh",
        "#1",
        "#2",
        "#3",
        "#4",
    ]
)


@dataclass(frozen=True, slots=True)
class Unit:
    phone: str
    tone: str
    flag: str
    word_flag: str

    @property
    def voiceless(self) -> bool:
        return self.phone in VOICELESS


@dataclass(frozen=True, slots=True)
class Recording:
    samples: NDArray[np.float32]
    """(samples,) at 16 kHz"""
    units: tuple[Unit, ...]
    frames: NDArray[np.int64]
    """(units,), their sum is the number of frames"""


class UnspeakableError(Exception):
    """espeak-ng spoke other phonemes than those that the labels name."""


def record(line: Line, espeak: Espeak) -> Recording:
    emotion = line.style.emotion
    dice = random.Random(line.name)
    audio: list[NDArray[np.float32]] = []
    units: list[Unit] = []
    ends: list[float] = []
    time, silence = 0.0, LEAD
    for clause in _clauses(line.words):
        spoken, rendering, until = _speak(clause, line, espeak)
        audio += [_silence(silence, rendering.rate), _faded(rendering, until)]
        time += len(audio[-2]) / rendering.rate
        ends += [time + end for _, end in spoken]
        units += [unit for unit, _ in spoken]
        time += len(audio[-1]) / rendering.rate
        ends[-2] = time
        level = clause[-1].level
        silence = max(BREAKS[level] * emotion.pauses * dice.uniform(0.9, 1.1), JUNCTION if level == 1 else 0)
        ends[-1] = time + silence
    audio.append(_silence(silence, rendering.rate))
    samples = soxr.resample(np.concatenate(audio) * emotion.loudness, rendering.rate, RATE)
    samples = samples + np.random.default_rng(dice.getrandbits(32)).normal(0, DITHER, len(samples))
    bounds = np.round(np.array([0.0, *ends]) * RATE / HOP).astype(np.int64)
    count = bounds[-1] * HOP
    padded = np.pad(samples, (0, max(0, count - len(samples))))[:count]
    return Recording(_limited(padded).astype(np.float32), tuple(units), np.diff(bounds))


def _clauses(words: Sequence[Word]) -> Iterator[list[Word]]:
    """What espeak-ng speaks at once: words of one language up to a break of level 2."""
    clause: list[Word] = []
    for word in words:
        if clause and clause[-1].english != word.english:
            yield clause
            clause = []
        clause.append(word)
        if word.level >= 2:
            yield clause
            clause = []
    if clause:
        yield clause


def _speak(clause: Sequence[Word], line: Line, espeak: Espeak) -> tuple[list[tuple[Unit, float]], Rendering, float]:
    """Units with the time at which each ends, the sound, and the time at which the last of them ends."""
    style = line.style
    if clause[0].english:
        rendering = espeak.render(" ".join(word.syllables[0] for word in clause), style.english())
        return (*_english(clause, rendering, espeak, style.english().voice),)
    rising = line.question and clause[-1] is line.words[-1]
    rendering = espeak.render(_ssml(clause, rising, style.emotion.stress), style.mandarin())
    spoken = _mandarin(clause, rendering.phonemes)
    if style.emotion.stress:
        rendering = _stressed(spoken, rendering)
    return spoken, rendering, spoken[-1][1]


def _ssml(clause: Sequence[Word], rising: bool, stressed: bool) -> str:
    spelled = []
    count = sum(len(word.syllables) for word in clause)
    for word in clause:
        for place, syllable in enumerate(word.syllables):
            base, tone = split_tone(syllable)
            left = count - len(spelled)
            if base != "er" and base.endswith("r"):
                spoken = erhua.spell(*to_phones(base, "PinYin"), tone)
            else:
                spoken = re.sub("^([jqxy])v", r"\1u", base).replace("v", "ü") + tone
            if rising and left < len(QUESTION_RISE):
                spoken = f"<prosody pitch='+{QUESTION_RISE[-left]}%'>{spoken}</prosody>"
            elif stressed and place == 0 and len(word.syllables) > 1:
                spoken = f"<prosody pitch='{STRESS[0]}' rate='{STRESS[1]}'>{spoken}</prosody>"
            spelled.append(spoken)
    return f"<speak>{' '.join(spelled)}</speak>"


def _mandarin(clause: Sequence[Word], phonemes: Sequence[Phoneme]) -> list[tuple[Unit, float]]:
    """A syllable lasts until its `_|`; its first phoneme is the initial, with the closure before it."""
    spoken: list[tuple[Unit, float]] = []
    syllables: list[list[Phoneme]] = [[]]
    ends: list[float] = []
    for phoneme in phonemes:
        if phoneme.name == "_|":
            ends.append(phoneme.start)
            syllables.append([])
        elif not phoneme.name.startswith("_") and phoneme.name != ";":
            syllables[-1].append(phoneme)
    if len(ends) != sum(len(word.syllables) for word in clause) or any(not s for s in syllables[:-1]):
        raise UnspeakableError(f"{[word.syllables for word in clause]} became {[p.name for p in phonemes]}")
    timed = iter(zip(syllables, ends, strict=False))
    for word in clause:
        flags = _word_flags(2 * len(word.syllables))
        for syllable in word.syllables:
            sounds, end = next(timed)
            base, tone = split_tone(syllable)
            initial, final = to_phones(base, "PinYin")
            middle = _border(initial, sounds, end)
            spoken.append((Unit(initial, f"tone{tone}", "s_begin", next(flags)), middle))
            spoken.append((Unit(final, f"tone{tone}", "s_end", next(flags)), end))
        spoken.append((_break(word.level), end))
    return spoken


def _border(initial: str, sounds: Sequence[Phoneme], end: float) -> float:
    """Where the initial ends."""
    if initial in ("ga", "ge", "go"):
        return sounds[0].start
    glide = sounds[0].name in ("j", "w") or initial not in ("y_c", "w_c")
    if glide and len(sounds) > 1:
        return sounds[1].start
    return sounds[0].start + min(SHORTEST_GLIDE, GLIDE_PART * (end - sounds[0].start))


def _english(
    clause: Sequence[Word], rendering: Rendering, espeak: Espeak, voice: str
) -> tuple[list[tuple[Unit, float]], Rendering, float]:
    sounds = [p for p in rendering.phonemes if not p.name.startswith("_") and p.name != ";"]
    length = len(rendering.samples) / rendering.rate
    end = next((p.start for p in reversed(rendering.phonemes) if p.name == "_:"), length)
    bounds = iter([*(p.start for p in sounds[1:]), end])
    heard = iter(sounds)
    begin, spoken = 0.0, []
    for word in clause:
        phones: list[tuple[str, bool]] = []
        ends: list[float] = []
        for written in arpabet.transcribe(espeak.spell(word.syllables[0], voice)):
            sound = next(heard, None)
            if sound is None or sound.name != written.mnemonic or not written.known:
                spoken_as = sound.name if sound else "not"
                raise UnspeakableError(f"{word.syllables[0]}: {written.mnemonic} is {spoken_as} spoken")
            until = next(bounds)
            parts = written.phones
            phones += [(part, written.stressed and part in VOWELS) for part in parts]
            ends += [begin + (until - begin) * (place + 1) / len(parts) for place in range(len(parts))]
            begin = ends[-1] = until
        flags = _word_flags(len(phones))
        for phone, until in zip(arpabet.syllables(phones), ends, strict=True):
            spoken.append((Unit(phone.name, f"tone{int(phone.stressed)}", phone.flag, next(flags)), until))
        spoken.append((_break(word.level), until))
    if next(heard, None) is not None:
        raise UnspeakableError(f"{[word.syllables[0] for word in clause]}: {[p.name for p in sounds]} are too many")
    return spoken, rendering, end


def _word_flags(count: int) -> Iterator[str]:
    if count == 1:
        return iter(["word_both"])
    return itertools.chain(["word_begin"], ["word_middle"] * (count - 2), ["word_end"])


def _break(level: int) -> Unit:
    return Unit(f"#{level}", "tone_none", "s_none", "word_none")


def _stressed(spoken: Sequence[tuple[Unit, float]], rendering: Rendering) -> Rendering:
    """The syllables at the beginning of a word louder, with ramps of 20 ms."""
    gain = np.ones(len(rendering.samples), np.float32)
    times = [0.0, *(end for _, end in spoken)]
    for place, (unit, _) in enumerate(spoken):
        if unit.word_flag == "word_begin":
            start, end = (int(t * rendering.rate) for t in (times[place], times[place + 2]))
            gain[start:end] = STRESS[2]
    width = int(0.02 * rendering.rate)
    smooth = np.convolve(np.pad(gain, width, mode="edge"), np.hanning(width) / np.hanning(width).sum(), mode="same")
    return Rendering(rendering.samples * smooth[width:-width].astype(np.float32), rendering.rate, rendering.phonemes)


def _faded(rendering: Rendering, until: float) -> NDArray[np.float32]:
    samples = rendering.samples[: int(until * rendering.rate)].copy()
    ramp = np.linspace(1, 0, int(FADE * rendering.rate), dtype=np.float32)
    samples[-len(ramp) :] *= ramp
    return samples


def _limited(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nothing beyond full scale: what exceeds the knee bends."""
    over = np.maximum(np.abs(samples) - KNEE, 0)
    return np.sign(samples) * np.minimum(np.abs(samples), KNEE + (1 - KNEE) * np.tanh(over / (1 - KNEE)))


def _silence(seconds: float, rate: int) -> NDArray[np.float32]:
    return np.zeros(round(seconds * rate), np.float32)
