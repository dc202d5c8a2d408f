"""Evaluates a converted voice: `python -m training.voice.evaluate CORPUS VOICE RECOGNIZER FOLDER` writes a report.

FOLDER receives report.md, figures.json, spectrograms of one held-out recording per style, and sounds/index.html: some
words of the human speaker as recorded, copied, spoken, and spoken by a speaker that was trained on espeak-ng.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from training.voice.corpus.speakers import SPEAKERS
from training.voice.evaluate.evaluation import Evaluator, padded
from training.voice.evaluate.plots import plot_spectrograms
from training.voice.evaluate.report import format_report
from training.voice.evaluate.sound_page import SoundRow, write_sound_page
from training.voice.train.dataset import Utterance, by_kind, load_utterances, one_per_style
from training.voice.train.recognizer_weights import RECOGNIZER_HELP

SOUNDS = 20
"""Words on the page."""


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.evaluate", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("voice", type=Path, help="a converted voice, such as models/demo")
    parser.add_argument("recognizer", type=Path, help=RECOGNIZER_HELP)
    parser.add_argument("folder", type=Path, help="folder for the report")
    parser.add_argument(
        "--recordings", type=int, default=88, help="held-out recordings of each kind; default: %(default)s"
    )
    parser.add_argument("--sentences", type=int, default=42, help="sentences per style; default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
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
    words = [one for one in held_out if one.kind == "word"][:SOUNDS]
    if words and any(name in SPEAKERS for name in evaluator.speakers):
        write_sound_page(arguments.folder / "sounds", [_sound_row(evaluator, word) for word in words])


def _sound_row(evaluator: Evaluator, word: Utterance) -> SoundRow:
    robot = replace(word, speaker=next(name for name in evaluator.speakers if name in SPEAKERS), emotion="neutral")
    sounds = {
        "recording": word.audio(),
        "copy synthesis": evaluator.copy_synthesis(word),
        "text-to-speech": evaluator.synthesize_units(word).audio.samples,
        "trained on espeak-ng": evaluator.synthesize_units(robot).audio.samples,
    }
    return SoundRow(word.name, word.text, sounds)


if __name__ == "__main__":
    main()
