"""Shows how a text would be read: a table for a person, JSON for a program. Loads no graph."""

import argparse
import json
import logging
import sys
import unicodedata
from collections.abc import Iterable
from itertools import accumulate

from server.config import Config
from server.errors import RequestError
from server.text.frontend import FrontEnd, Sentence
from server.text.markup import parser
from server.text.pronunciation.user_lexicon import UserLexicon
from server.text.units.unit_tables import UnitTables
from server.voices.discovery import voice_folder
from server.voices.voice import Voice

NAME = "text"
HELP = "show how a text would be read"
LOG_LEVEL = logging.WARNING


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="?", help="what to read")
    command.add_argument(
        "--stdin", action="store_true", help="read a text a line from standard input, print JSON a line"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--voice", help="the voice that would speak")
    command.add_argument("--speaker")
    command.add_argument("--emotion")


def run(options: argparse.Namespace, config: Config) -> int:
    if options.stdin == (options.text is not None):
        raise RequestError("give either a text or --stdin")
    voice = Voice(voice_folder(config, options.voice))
    names = {"speaker": voice.speaker(options.speaker), "emotion": voice.emotion(options.emotion)}
    front_end = FrontEnd(
        UnitTables(voice.manifest), UserLexicon.of(config.text.lexicon, config.text.place), config.text.emoji
    )
    if not options.stdin:
        sentences = front_end.analyze(parser.read(options.text, marks=config.text.marks), **names)
        print(
            json.dumps(summary(sentences), ensure_ascii=False) if options.json else "\n\n".join(map(table, sentences))
        )
        return 0
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for line in sys.stdin:
        try:
            content = summary(front_end.analyze(parser.read(line.rstrip("\r\n"), marks=config.text.marks), **names))
        except RequestError as error:
            content = {**summary([]), "error": str(error)}
        print(json.dumps(content, ensure_ascii=False), flush=True)
    return 0


def summary(sentences: Iterable[Sentence]) -> dict[str, object]:
    """One reading of a whole text: sentences follow one another, symbols one line each."""
    sentences = list(sentences)
    prosody: dict[int, int] = {}
    for sentence, before in zip(
        sentences, accumulate((len(each.pinyin) for each in sentences), initial=0), strict=False
    ):
        prosody |= {before + count: level for count, level in sentence.prosody.items()}
    return {
        "normalized": "".join(sentence.normalized for sentence in sentences),
        "pinyin": [syllable for sentence in sentences for syllable in sentence.pinyin],
        "lexical_pinyin": [syllable for sentence in sentences for syllable in sentence.lexical_pinyin],
        "prosody": prosody,
        "symbols": "\n".join(sentence.symbols for sentence in sentences),
        "places": [span for sentence in sentences for span in sentence.input_spans],
        "warnings": [warning for sentence in sentences for warning in sentence.warnings],
    }


def table(sentence: Sentence) -> str:
    """A row for each word: how it is written and read, its pinyin (before sandhi where that differs), and the units."""
    lexical = iter(sentence.lexical_pinyin)
    rows = [("written", "read", "pinyin", "in the dictionary", "units")]
    for group in sentence.prosodic_words:
        for word in group.words:
            spoken = [syllable.pinyin for syllable in word.syllables if syllable.pinyin]
            cited = [next(lexical) for _ in spoken]
            start, end = word.syllables[0].start, word.syllables[-1].end
            written = sentence.text[sentence.origin[start] : sentence.origin[end - 1] + 1]
            units = [unit.symbol.split("$")[0] for unit in sentence.unit_symbols if start < unit.end <= end]
            rows.append((written, sentence.normalized[start:end], " ".join(spoken),
                         " ".join(cited) if cited != spoken else "", " ".join(units)))  # fmt: skip
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_pad, row, widths)).rstrip() for row in rows]
    return "\n".join([sentence.normalized, *(f"  {line}" for line in lines),
                      *(f"  warning: {warning}" for warning in sentence.warnings)])  # fmt: skip


def _width(text: str) -> int:
    """Columns of a terminal."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
