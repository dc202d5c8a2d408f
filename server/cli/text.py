"""Shows how a text would be read: normalised text, pinyin, symbols, warnings. Loads no graph."""

import argparse
import json
import logging
import sys
from collections.abc import Iterable

from server.config import Config
from server.errors import RequestError
from server.library import voice_folder
from server.text.frontend import FrontEnd, Sentence
from server.text.pronunciation.entries import Entries
from server.text.units.tables import UnitTables
from server.voice import Voice

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
        UnitTables(voice.manifest), Entries.of(config.text.lexicon, config.text.place), config.text.emoji
    )
    if not options.stdin:
        sentences = front_end.read(options.text, **names)
        print(
            json.dumps(summary(sentences), ensure_ascii=False)
            if options.json
            else "\n".join(map(_for_a_person, sentences))
        )
        return 0
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for line in sys.stdin:
        try:
            content = summary(front_end.read(line.rstrip("\r\n"), **names))
        except RequestError as error:
            content = {"normalized": "", "pinyin": [], "symbols": "", "warnings": [], "error": str(error)}
        print(json.dumps(content, ensure_ascii=False), flush=True)
    return 0


def summary(sentences: Iterable[Sentence]) -> dict[str, object]:
    """One reading of a whole text; sentences follow one another, symbols one line each."""
    sentences = list(sentences)
    return {
        "normalized": "".join(sentence.normalized for sentence in sentences),
        "pinyin": [syllable for sentence in sentences for syllable in sentence.pinyin],
        "symbols": "\n".join(sentence.symbols for sentence in sentences),
        "warnings": [warning for sentence in sentences for warning in sentence.warnings],
    }


def _for_a_person(sentence: Sentence) -> str:
    lines = [sentence.normalized, "  " + " ".join(sentence.pinyin), "  " + sentence.symbols]
    return "\n".join([*lines, *(f"  warning: {warning}" for warning in sentence.warnings)])
