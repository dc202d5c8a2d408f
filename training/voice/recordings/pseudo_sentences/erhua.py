"""Erhua by the human speaker: a recorded final gets the end of a final that she recorded with erhua.

She recorded 35 words with erhua, too few to learn it from. Its vowels fall into four classes, in which finals without
their codas n, ng and i sound alike: `dianr` and `huar` both end as `wanr` does. So each of her words can have it: it
keeps its initial, its medial and its tone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from server.text.units.syllables import split_tone
from training.voice.recordings.pseudo_sentences.spectra import Spectra
from training.voice.recordings.word import RecordedWord

CLASSES = {
    "a": {"a": 0.1, "ai": 0.1, "an": 0.1, "ang": 0.1}
    | dict.fromkeys(["ia", "ian", "iang", "ua", "uai", "uan", "uang", "van"], 0.3),
    "en": {"ei": 0.1, "en": 0.1, "eng": 0.1, "ih": 0.15, "ii": 0.15, "e": 0.25}
    | dict.fromkeys(["i", "in", "ing", "ie", "v", "vn", "ve", "uei", "uen"], 0.35),
    "ou": {"ou": 0.1, "iou": 0.3} | dict.fromkeys(["u", "uo", "o", "ong", "iong"], 0.35),
    "ao": {"ao": 0.1, "iao": 0.3},
}  # fmt: skip
"""Class of the vowel -> final -> the part of the final that is not r-colored: its medial, or the way into its vowel."""
CHANGE = 0.2
"""The part of the final in which the spectral envelope changes to the r-colored one."""
END = 0.92
"""Where the r-colored final is left: its last part is silent."""
_CLASS_OF = {final: name for name, finals in CLASSES.items() for final in finals}


@dataclass(frozen=True, slots=True)
class Coloring:
    """How the frames of a final are made."""

    colored: NDArray[np.float64]
    """(frames,): relative time in the r-colored final, 0 to 1"""
    share: NDArray[np.float64]
    """(frames,): of the r-colored final, 0 to 1"""


def recorded_phone(word: RecordedWord, index: int) -> str:
    """Returns a phone of the recording: of `huar1` that was made of `hua1`, `h_c` and `ua_c`."""
    phone = word.phones[index]
    has_erhua = word.rhotic is not None and index == len(word.phones) - 1
    return f"{phone.removesuffix('r_c')}_c" if has_erhua else phone


def vowel_class(word: RecordedWord) -> str | None:
    """Returns the class of the last final; None if it is English, er, or has erhua already."""
    return None if word.is_english else _CLASS_OF.get(word.phones[-1].removesuffix("_c"))


def rhotic_syllables(words: Sequence[RecordedWord]) -> dict[str, list[RecordedWord]]:
    """Returns the last syllables of the words that were recorded with erhua, by the class of their vowel.

    Those in e are left out: their final has the same name as er.
    """
    found = defaultdict(list)
    for word in words:
        name = _CLASS_OF.get(word.phones[-1].removesuffix("r_c"))
        if name and word.phones[-1] != "er_c":
            found[name].append(word.cut(len(word.syllables) - 1))
    return dict(found)


def with_erhua(word: RecordedWord, rhotic: RecordedWord) -> RecordedWord:
    """Returns the word with erhua, `hua1` as `huar1`, which ends as a recorded syllable with erhua does."""
    base, tone = split_tone(word.syllables[-1])
    syllables = (*word.syllables[:-1], f"{base}r{tone}")
    return replace(word, text=f"{word.text}+{rhotic.text}", syllables=syllables, rhotic=rhotic)


def coloring(final: str, rhotic: str, frames: int) -> Coloring:
    """Returns how the frames of a final, `ua`, are made with the end of another one, `an` of `anr`."""
    time = (np.arange(frames) + 0.5) / frames
    start, begin = CLASSES[_CLASS_OF[final]][final], CLASSES[_CLASS_OF[rhotic]][rhotic]
    colored = begin + ((time - start) / (1 - start)).clip(0, 1) * (END - begin)
    return Coloring(colored, ((time - start) / CHANGE).clip(0, 1))


def color(spectra: Spectra, word: RecordedWord, rhotic: RecordedWord, rhotic_spectra: Spectra) -> Spectra:
    """Returns the spectra of a word that has erhua.

    Every frame keeps its power and its voicing, since F0 is that of the word.
    """
    start, end = int(word.bounds[-2]), min(int(word.bounds[-1]), len(spectra.voiced))
    final = recorded_phone(word, len(word.phones) - 1).removesuffix("_c")
    how = coloring(final, rhotic.phones[-1].removesuffix("r_c"), end - start)
    first, last = int(rhotic.bounds[-2]), min(int(rhotic.bounds[-1]), len(rhotic_spectra.voiced))
    others = first + (how.colored * (last - first)).astype(np.int64)
    own, share = slice(start, end), how.share[:, None]
    mixed = np.exp(
        (1 - share) * _log_unit_power(spectra.envelope[own]) + share * _log_unit_power(rhotic_spectra.envelope[others])
    )
    power = spectra.envelope[own].sum(1, keepdims=True) / mixed.sum(1, keepdims=True)
    envelope, aperiodicity = spectra.envelope.copy(), spectra.aperiodicity.copy()
    envelope[own] = mixed * power
    aperiodicity[own] = (1 - share) * spectra.aperiodicity[own] + share * rhotic_spectra.aperiodicity[others]
    return Spectra(envelope, aperiodicity, spectra.voiced)


def _log_unit_power(envelope: NDArray[np.float32]) -> NDArray[np.float64]:
    exact = envelope.astype(np.float64)
    return np.log(exact / exact.sum(1, keepdims=True))
