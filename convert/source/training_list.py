"""Reads the emotions in KAN-TTS training lists (`am_train.lst`).

A line is an utterance: its name, a tab, and its symbols `{phone$tone$syllable flag$word flag$emotion$speaker}`,
separated by spaces; symbols of voices that read bytes are `{byte$emotion$speaker}`. Breaks (`#1` to `#4`) are skipped:
their emotion depends on the tool that wrote the list.
"""

from collections.abc import Iterable
from pathlib import Path

from convert.errors import PackageError


def read_emotions(paths: Iterable[Path]) -> set[str]:
    """The emotions of all utterances in the lists, such as `emotion_happy`. Raises `PackageError`."""
    emotions: set[str] = set()
    for path in paths:
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    emotions.update(_line_emotions(line))
        except OSError as error:
            raise PackageError(f"{path} cannot be read: {error.strerror or error}") from None
    return emotions


def _line_emotions(line: str) -> Iterable[str]:
    _, _, symbols = line.partition("\t")
    for symbol in symbols.split():
        fields = symbol.strip("{}").split("$")
        if len(fields) >= 3 and not fields[0].startswith("#"):
            yield fields[-2]
