"""Labelled sentences: text with `#1` to `#4` after the syllable that a break follows, one sentence a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BREAK = re.compile(r"#([1-4])")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Labelled:
    text: str
    """Without its labels."""
    breaks: dict[int, int]
    """Number of Chinese characters before a break -> its level."""
    size: int
    """Chinese characters."""


def read_labels(file: Path) -> Iterator[Labelled]:
    """The sentences of a file. Lines without labels (comments, pinyin) and ids in front of a tab are passed over."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//") and _BREAK.search(line):
            yield parse(line.rpartition("\t")[2].strip())


def parse(line: str) -> Labelled:
    text = ""
    breaks: dict[int, int] = {}
    for place, part in enumerate(_BREAK.split(line)):
        size = len(_HAN.findall(text))
        if place % 2:
            breaks[size] = max(int(part), breaks.get(size, 0))
        else:
            text += part
    return Labelled(text, breaks, len(_HAN.findall(text)))
