"""Shows the text analysis: a table, or JSON for programs. Loads no graph."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from server.cli.tables import Row, print_table
from server.config import Config
from server.errors import RequestError
from server.text.analysis.sentence_analysis import analyzed_sentence
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.pronunciation.user_lexicon import UserLexicon
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables
from server.voices.discovery import voice_folder
from server.voices.voice import Voice

NAME = "text"
HELP = "show the pronunciation of a text"
LOG_LEVEL = "WARNING"

COLUMNS = ("written", "read", "pinyin", "in the dictionary", "units")


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    command.add_argument("text", nargs="?", help="plain text with inline marks, or SSML")
    command.add_argument(
        "--stdin", action="store_true", help="read one text per line of standard input, print one JSON object per line"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--voice", help="voice that the text is analyzed for (default: as for speak)")
    command.add_argument("--speaker", help="speaker in the symbols (default: the first one of the voice)")
    command.add_argument("--emotion", help="emotion in the symbols (default: neutral)")


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    if options.stdin == (options.text is not None):
        raise RequestError("give either a text or --stdin")
    voice = Voice(voice_folder(config, options.voice))
    names = {"speaker": voice.speaker(options.speaker), "emotion": voice.emotion(options.emotion)}
    lexicon = UserLexicon.of(config.text.lexicon, config.text.location_of)
    tables = UnitTables(voice.manifest)
    front_end = FrontEnd(tables, lexicon, config.text.emoji)

    def analyze(text: str) -> list[Sentence]:
        script = parse_markup(text, inline=config.text.marks)
        for style in set(script.styles):
            if style.voice in (None, *voice.speakers):
                voice.emotion(style.emotion)  # refuses an emotion that the voice was not trained on
        return front_end.analyze(script, **names)

    def document(sentences: Sequence[Sentence]) -> dict[str, object]:
        parts = [analyzed_sentence(each, tables, names["speaker"]).model_dump() for each in sentences]
        return {**summary(sentences), "sentences": parts}

    if not options.stdin:
        sentences = analyze(options.text)
        if options.json:
            print(json.dumps(document(sentences), ensure_ascii=False))
        else:
            _print_sentences(sentences)
        return 0
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for line in sys.stdin:
        try:
            content = document(analyze(line.rstrip("\r\n")))
        except RequestError as error:
            content = {**document([]), "error": str(error)}
        print(json.dumps(content, ensure_ascii=False), flush=True)
    return 0


def summary(sentences: Iterable[Sentence]) -> dict[str, object]:
    """Returns the analysis of a whole text: the sentences concatenated, their symbols on one line each."""
    sentences = list(sentences)
    pinyin: list[str] = []
    prosody: dict[int, int] = {}
    for sentence in sentences:
        prosody |= {len(pinyin) + count: level for count, level in sentence.break_levels.items()}
        pinyin += sentence.pinyin
    return {
        "normalized": "".join(sentence.normalized for sentence in sentences),
        "pinyin": pinyin,
        "lexical_pinyin": [syllable for sentence in sentences for syllable in sentence.lexical_pinyin],
        "prosody": prosody,
        "symbols": "\n".join(sentence.symbols for sentence in sentences),
        "places": [span for sentence in sentences for span in sentence.input_spans],
        "warnings": [warning for sentence in sentences for warning in sentence.warnings],
    }


def _print_sentences(sentences: Iterable[Sentence]) -> None:
    for number, sentence in enumerate(sentences):
        if number:
            print()
        print(sentence.normalized)
        print_table(COLUMNS, _rows(sentence), indent=2)
        for warning in sentence.warnings:
            print(f"  warning: {warning}")


def _rows(sentence: Sentence) -> Iterator[Row]:
    """One row per word: as written, as read, pinyin, the lexical pinyin where tone sandhi changes it, and the units."""
    lexical = iter(sentence.lexical_pinyin)
    for group in sentence.prosodic_words:
        for word in group.words:
            spoken = [syllable.pinyin for syllable in word.syllables if syllable.pinyin]
            cited = [next(lexical) for _ in spoken]
            start, end = word.syllables[0].start, word.syllables[-1].end
            written = sentence.text[sentence.origin[start] : sentence.origin[end - 1] + 1]
            units = [unit.symbol.split("$")[0] for unit in sentence.unit_symbols if start < unit.end <= end]
            changed = " ".join(cited) if cited != spoken else ""
            yield written, sentence.normalized[start:end], " ".join(spoken), changed, " ".join(units)
