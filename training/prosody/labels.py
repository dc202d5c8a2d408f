"""Reads labeled sentences: one sentence a line, with `#1` to `#4` after a syllable before a break."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BREAK = re.compile(r"#([1-4])")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class LabeledSentence:
    """A sentence and its breaks."""

    text: str
    """The sentence without its labels."""
    breaks: dict[int, int]
    """Number of Chinese characters before a break -> its level."""
    length: int
    """Number of Chinese characters."""


def read_labels(file: Path) -> Iterator[LabeledSentence]:
    """Yields the sentences of a file, without an id before a tab. Skips lines without labels (comments, pinyin)."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//") and _BREAK.search(line):
            yield parse(line.rpartition("\t")[2].strip())


def parse(line: str) -> LabeledSentence:
    """Parses one labeled sentence."""
    text = ""
    breaks: dict[int, int] = {}
    for index, part in enumerate(_BREAK.split(line)):
        length = len(_HAN.findall(text))
        if index % 2:
            breaks[length] = max(int(part), breaks.get(length, 0))
        else:
            text += part
    return LabeledSentence(text, breaks, len(_HAN.findall(text)))
