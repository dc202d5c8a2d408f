"""Generates the corpus: `python -m training.voice.corpus FOLDER` writes speech, labels and features."""

import argparse
from pathlib import Path

from training.voice.corpus.generation import generate_corpus


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--utterances", type=int, default=6600)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--held-out-every", type=int, default=40, help="hold out one of this many rounds of speakers and emotions"
    )
    arguments = parser.parse_args()
    generate_corpus(arguments.folder, arguments.utterances, arguments.processes, arguments.held_out_every)


if __name__ == "__main__":
    main()
