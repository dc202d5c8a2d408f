"""Evaluates a converted voice: `python -m training.voice.evaluate CORPUS VOICE RECOGNIZER FOLDER` writes a report.

FOLDER receives report.md, figures.json, and spectrograms of one held-out recording per style.
"""

import argparse
import json
from pathlib import Path

from training.voice.evaluate.evaluation import Evaluator, padded
from training.voice.evaluate.plots import plot_spectrograms
from training.voice.evaluate.report import format_report
from training.voice.train.dataset import by_kind, load_utterances, one_per_style


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.evaluate", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("voice", type=Path, help="a converted voice, such as models/demo")
    parser.add_argument("recognizer", type=Path, help="folder that training.voice.train.recognizer wrote")
    parser.add_argument("folder", type=Path, help="folder for the report")
    parser.add_argument(
        "--recordings",
        type=int,
        default=88,
        help="held-out recordings of each kind; default: %(default)s",
    )
    parser.add_argument("--sentences", type=int, default=42, help="sentences per style; default: %(default)s")
    arguments = parser.parse_args()
    evaluator = Evaluator(arguments.corpus, arguments.voice, arguments.recognizer)
    kinds = by_kind(load_utterances(arguments.corpus, held_out=True), arguments.recordings)
    held_out = [one for kind in kinds.values() for one in kind if one.speaker in evaluator.speakers]
    results = evaluator.evaluate_recordings(held_out) | evaluator.evaluate_sentences(arguments.sentences)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    summaries = {f"{condition} {style}": result.summary() for (condition, style), result in results.items()}
    (arguments.folder / "figures.json").write_text(json.dumps(summaries, indent=1))
    table = format_report(summaries)
    (arguments.folder / "report.md").write_text(table)
    print(table)
    for one in one_per_style(held_out):
        signals = {
            "recording": one.audio(),
            "copy synthesis": evaluator.copy_synthesis(one),
            "text-to-speech": padded(evaluator.synthesize_units(one).audio.samples),
        }
        plot_spectrograms(signals, f"{one.speaker}, {one.emotion}: {one.text}", arguments.folder / f"{one.name}.png")


if __name__ == "__main__":
    main()
