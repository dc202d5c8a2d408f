"""What a voice says to be measured: our own sentences, as rows of its embedding tables.

A line of `<Language>.txt` is the text, a tab, and its units: words of syllables (initial.final.tone), joined by `-`,
each followed by its break. The last lines are held out: what is tuned on the others is judged on these.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

HELD_OUT = 4
NEUTRAL, NONE = "emotion_neutral", "emotion_none"


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of the tables; the voice's first speaker speaks, without emotion."""

    features: NDArray[np.int64]
    """(1, units, 4), or (1, units, 1) for a voice that reads bytes"""
    emotions: NDArray[np.int64]
    """(1, units)"""
    speakers: NDArray[np.int64]
    """(1, units)"""


def sentences(manifest: dict[str, Any]) -> tuple[list[Lines], list[Lines]]:
    """The sentences to tune on, and the held-out ones; none for a language that has no file here."""
    file = files("convert").joinpath("quantization", "sentences", f"{manifest['language']}.txt")
    if not file.is_file():
        return [], []
    lines = [encode(*line.split("\t"), manifest) for line in file.read_text(encoding="utf-8").splitlines()]
    return lines[:-HELD_OUT], lines[-HELD_OUT:]


def encode(text: str, units: str, manifest: dict[str, Any]) -> Lines:
    """One line as a voice reads it: the bytes of its text, or its phones."""
    emotions = manifest["emotions"]
    if manifest["units"]["kind"] == "bytes":
        rows = [[byte] for byte in text.encode()]
        moods = [emotions.index(NEUTRAL)] * len(rows)
    else:
        tables = [manifest["units"][kind] for kind in ("phones", "tones", "syllable_flags", "word_flags")]
        named = [unit for word in units.split() for unit in phones(word)]
        rows = [[table.index(name) for table, name in zip(tables, unit, strict=True)] for unit in named]
        moods = [emotions.index(NONE if unit[0].startswith("#") else NEUTRAL) for unit in named]
    features = np.array(rows, np.int64)[None]
    return Lines(features, np.array(moods, np.int64)[None], np.zeros((1, len(rows)), np.int64))


def phones(word: str) -> list[tuple[str, str, str, str]]:
    """(phone, tone, syllable flag, word flag) of a word or a break, as KAN-TTS flags them."""
    if word.startswith("#"):
        return [(word, "tone_none", "s_none", "word_none")]
    syllables = [syllable.split(".") for syllable in word.split("-")]
    units = [
        (phone, f"tone{tone}", flag)
        for *both, tone in syllables
        for phone, flag in zip(both, ("s_begin", "s_end"), strict=True)
    ]
    places = ["word_begin", *["word_middle"] * (len(units) - 2), "word_end"]
    return [(*unit, place) for unit, place in zip(units, places, strict=True)]
