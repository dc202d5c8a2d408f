"""Predicts the mels of the corpus with the trained acoustic model, for fine-tuning the vocoder on them.

`python -m training.voice.train.predicted_mels CORPUS ACOUSTIC FOLDER`. The durations, and the previous frames, are
those of the recordings, so that predicted mels and recorded audio agree in time. Utterances that exist are kept.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.voice.analysis.features import MEL_CHANNELS
from training.voice.models.config import SAMBERT_CONFIG
from training.voice.models.sambert import Sambert
from training.voice.models.vocabulary import TABLE_SIZES
from training.voice.train.dataset import Statistics, Utterance, collate, load_utterances
from training.voice.train.training_loop import load_checkpoint

BATCH = 12


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.train.predicted_mels", description=__doc__)
    for name in ("corpus", "acoustic", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument(
        "--every", type=int, default=1, help="predict one of this many utterances; default: %(default)s"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = Sambert(SAMBERT_CONFIG | TABLE_SIZES)
    model.load_state_dict(load_checkpoint(arguments.acoustic)["model"])
    utterances = load_utterances(arguments.corpus, held_out=False)
    missing = [one for one in utterances[:: arguments.every] if not predicted_file(arguments.folder, one).exists()]
    for one, mel in predict(model.eval(), missing, Statistics.read(arguments.corpus)):
        np.save(predicted_file(arguments.folder, one), mel.astype(np.float16))
    print(f"{len(missing)} of {len(utterances)} utterances")


@torch.no_grad()
def predict(
    model: Sambert, utterances: Sequence[Utterance], statistics: Statistics
) -> Iterator[tuple[Utterance, NDArray[np.float32]]]:
    """Yields utterances with their predicted mels (frames, 80), normalized."""
    ordered = sorted(utterances, key=lambda one: len(one.mel))
    for start in range(0, len(ordered), BATCH):
        chosen = ordered[start : start + BATCH]
        mels = model(collate(chosen, statistics)).mel
        for one, mel in zip(chosen, mels, strict=True):
            yield one, mel[: len(one.mel), :MEL_CHANNELS].numpy()


def predicted_file(folder: Path, utterance: Utterance) -> Path:
    """Returns the file of an utterance's predicted mel: (frames, 80), normalized."""
    return folder / f"{utterance.name}.npy"


if __name__ == "__main__":
    main()
