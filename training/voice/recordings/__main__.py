"""Adds a human speaker to a corpus: `python -m training.voice.recordings CORPUS`.

CORPUS is the folder that training.voice.corpus wrote. The recordings are fetched with git, or are in a folder.
"""

import argparse
from pathlib import Path

from training.voice.recordings.generation import add_recordings
from training.voice.recordings.source import ADDRESS, fetch


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.recordings", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--recordings", type=Path, help="folder with files like cmn-名字.mp3, instead of fetching them")
    parser.add_argument("--address", default=ADDRESS, help="git repository of the recordings; default: %(default)s")
    parser.add_argument("--held-out", type=int, default=200, help="words that are not trained on; default: %(default)s")
    parser.add_argument("--sentences", type=int, default=3000, help="pseudo-sentences; default: %(default)s")
    parser.add_argument(
        "--held-out-every", type=int, default=50, help="hold out one of this many sentences; default: %(default)s"
    )
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    if not (arguments.corpus / "statistics.json").is_file():
        raise SystemExit(f"{arguments.corpus} is not a corpus; `python -m training.voice.corpus` writes it")
    folder = arguments.recordings or fetch(arguments.corpus / "recordings", arguments.address)
    add_recordings(
        arguments.corpus, folder, held_out=arguments.held_out, sentences=arguments.sentences,
        held_out_every=arguments.held_out_every, processes=arguments.processes,
    )  # fmt: skip


if __name__ == "__main__":
    main()
