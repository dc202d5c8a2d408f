"""Calibration and evaluation sentences, encoded as rows of a voice's embedding tables.

A line of `<Language>.txt` is the text, a tab, and its units: words of syllables (initial.final.tone), joined by `-`,
each followed by its break. The last lines are the evaluation set.
"""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from server.voices.manifest import Manifest

EVALUATION_SENTENCES = 4
NEUTRAL, NONE = "emotion_neutral", "emotion_none"


@dataclass(frozen=True, slots=True)
class EncodedSentence:
    """Rows of the embedding tables, for the voice's first speaker without emotion."""

    features: NDArray[np.int64]
    """(1, units, 4), or (1, units, 1) for a voice that reads bytes."""
    emotions: NDArray[np.int64]
    """(1, units)"""
    speakers: NDArray[np.int64]
    """(1, units)"""


@dataclass(frozen=True, slots=True)
class SentenceSets:
    """The sentences of one language; both sets are empty for a language without a file."""

    calibration: tuple[EncodedSentence, ...]
    evaluation: tuple[EncodedSentence, ...]


def load_sentences(manifest: Manifest) -> SentenceSets:
    """The sentences in the language of the voice."""
    file = files("convert").joinpath("quantization", "sentences", f"{manifest.language}.txt")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    encoded = tuple(encode(line, manifest) for line in lines)
    return SentenceSets(encoded[:-EVALUATION_SENTENCES], encoded[-EVALUATION_SENTENCES:])


def encode(line: str, manifest: Manifest) -> EncodedSentence:
    """The bytes of the line's text, or its phones, depending on what the voice reads."""
    text, units = line.split("\t")
    if manifest.units.kind == "bytes":
        rows = [[byte] for byte in text.encode()]
        emotions = [manifest.emotions.index(NEUTRAL)] * len(rows)
    else:
        tables = (manifest.units.phones, manifest.units.tones, manifest.units.syllable_flags, manifest.units.word_flags)
        symbols = [symbol for word in units.split() for symbol in word_symbols(word)]
        rows = [[table.index(name) for table, name in zip(tables, symbol, strict=True)] for symbol in symbols]
        emotions = [manifest.emotions.index(NONE if symbol[0].startswith("#") else NEUTRAL) for symbol in symbols]
    features = np.array(rows, np.int64)[None]
    return EncodedSentence(features, np.array(emotions, np.int64)[None], np.zeros((1, len(rows)), np.int64))


def word_symbols(word: str) -> list[tuple[str, str, str, str]]:
    """(phone, tone, syllable flag, word flag) of each phone of a word, or of a break; flags as in KAN-TTS."""
    if word.startswith("#"):
        return [(word, "tone_none", "s_none", "word_none")]
    syllables = [syllable.split(".") for syllable in word.split("-")]
    units = [
        (phone, f"tone{tone}", flag)
        for *both, tone in syllables
        for phone, flag in zip(both, ("s_begin", "s_end"), strict=True)
    ]
    word_flags = ["word_begin", *["word_middle"] * (len(units) - 2), "word_end"]
    return [(*unit, flag) for unit, flag in zip(units, word_flags, strict=True)]
