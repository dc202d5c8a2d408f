"""Labels synthesized speech: KAN-TTS units with exact end times, from the phonemes that espeak-ng reports."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from server.text.english.dictionary import VOWELS
from server.text.units.syllables import split_tone, to_phones
from training.voice.corpus import arpabet
from training.voice.corpus.espeak import Phoneme, SynthesizedSpeech
from training.voice.corpus.script import Word

MAX_GLIDE_SECONDS, MAX_GLIDE_SHARE = 0.05, 0.3
"""Where espeak-ng has no glide phoneme for y or w (yi, wu), the initial gets the smaller of these: time, share."""
GLOTTAL_ONSETS = ("ga", "ge", "go")
VOICELESS_PHONES = frozenset([
    "b_c", "p_c", "d_c", "t_c", "g_c", "k_c", "h_c", "f_c", "j_c", "q_c", "xx_c", "zh_c", "ch_c", "sh_c", "z_c", "c_c",
    "s_c", "p", "t", "k", "f", "th", "s", "sh", "ch", "hh", "#1", "#2", "#3", "#4",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """One input unit of the acoustic model: a phone or a break."""

    phone: str
    tone: str
    syllable_flag: str
    word_flag: str

    @property
    def voiceless(self) -> bool:
        """Whether F0 is undefined throughout the unit."""
        return self.phone in VOICELESS_PHONES


TimedUnit = tuple[Unit, float]
"""A unit and the time at which it ends, seconds."""


class PhonemeMismatchError(Exception):
    """The phonemes that espeak-ng spoke are not those of the text."""


def label_mandarin(words: Sequence[Word], phonemes: Sequence[Phoneme]) -> list[TimedUnit]:
    """Labels Mandarin words. A syllable lasts until its `_|`; the initial includes the closure before it.

    Raises `PhonemeMismatchError` if the number of syllables differs.
    """
    labels: list[TimedUnit] = []
    syllables: list[list[Phoneme]] = [[]]
    ends: list[float] = []
    for phoneme in phonemes:
        if phoneme.name == "_|":
            ends.append(phoneme.start)
            syllables.append([])
        elif not phoneme.name.startswith("_") and phoneme.name != ";":
            syllables[-1].append(phoneme)
    if len(ends) != sum(len(word.syllables) for word in words) or any(not s for s in syllables[:-1]):
        raise PhonemeMismatchError(f"{[word.syllables for word in words]} became {[p.name for p in phonemes]}")
    timed = iter(zip(syllables, ends, strict=False))
    for word in words:
        *phones, after = mandarin_units(word.syllables, word.break_level)
        for initial, final in zip(phones[::2], phones[1::2], strict=True):
            syllable_phonemes, end = next(timed)
            labels.append((initial, _initial_end(initial.phone, syllable_phonemes, end)))
            labels.append((final, end))
        labels.append((after, end))
    return labels


def mandarin_units(syllables: Sequence[str], break_level: int) -> list[Unit]:
    """Returns the units of a prosodic word: initial and final of each syllable (`hao3`), and the break after them."""
    units: list[Unit] = []
    flags = _word_flags(2 * len(syllables))
    for syllable in syllables:
        base, tone = split_tone(syllable)
        initial, final = to_phones(base, "PinYin")
        units.append(Unit(initial, f"tone{tone}", "s_begin", next(flags)))
        units.append(Unit(final, f"tone{tone}", "s_end", next(flags)))
    return [*units, break_unit(break_level)]


def _initial_end(initial: str, phonemes: Sequence[Phoneme], syllable_end: float) -> float:
    if initial in GLOTTAL_ONSETS:
        return phonemes[0].start
    separate = phonemes[0].name in ("j", "w") or initial not in ("y_c", "w_c")
    if separate and len(phonemes) > 1:
        return phonemes[1].start
    return phonemes[0].start + min(MAX_GLIDE_SECONDS, MAX_GLIDE_SHARE * (syllable_end - phonemes[0].start))


def label_english(
    words: Sequence[Word], speech: SynthesizedSpeech, transcribe: Callable[[str], str]
) -> list[TimedUnit]:
    """Labels English words. `transcribe` returns espeak-ng's transcription of a single word.

    Raises `PhonemeMismatchError` if the phonemes of the speech differ from the transcriptions.
    """
    spoken = [p for p in speech.phonemes if not p.name.startswith("_") and p.name != ";"]
    length = len(speech.samples) / speech.sample_rate
    speech_end = next((p.start for p in reversed(speech.phonemes) if p.name == "_:"), length)
    bounds = iter([*(p.start for p in spoken[1:]), speech_end])
    remaining = iter(spoken)
    start, labels = 0.0, []
    for word in words:
        phones: list[tuple[str, bool]] = []
        ends: list[float] = []
        for expected in arpabet.to_arpabet(transcribe(word.syllables[0])):
            phoneme = next(remaining, None)
            if phoneme is None or phoneme.name != expected.mnemonic or not expected.known:
                raise PhonemeMismatchError(
                    f"{word.syllables[0]}: {phoneme.name if phoneme else 'nothing'} was spoken for {expected.mnemonic}"
                )
            end = next(bounds)
            count = len(expected.phones)
            phones += [(phone, expected.stressed and phone in VOWELS) for phone in expected.phones]
            ends += [start + (end - start) * (index + 1) / count for index in range(count)]
            start = ends[-1] = end
        flags = _word_flags(len(phones))
        for phone, end in zip(arpabet.syllabify(phones), ends, strict=True):
            labels.append((Unit(phone.name, f"tone{int(phone.stressed)}", phone.flag, next(flags)), end))
        labels.append((break_unit(word.break_level), end))
    if next(remaining, None) is not None:
        raise PhonemeMismatchError(f"{[word.syllables[0] for word in words]}: too many of {[p.name for p in spoken]}")
    return labels


def _word_flags(count: int) -> Iterator[str]:
    if count == 1:
        return iter(["word_both"])
    return itertools.chain(["word_begin"], ["word_middle"] * (count - 2), ["word_end"])


def break_unit(level: int) -> Unit:
    """Returns the unit of a break of level 1 to 4."""
    return Unit(f"#{level}", "tone_none", "s_none", "word_none")
