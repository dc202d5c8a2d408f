"""Averages the weights of a training at several times: `python -m training.voice.train.weight_mean FOLDER ... OUTPUT`.

A training keeps its latest checkpoint, so copy its folder before it goes on. The mean has less of the noise of each, as
the moving average within a training does (`training_loop`). It can be packed, but not trained further.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from training.voice.train.training_loop import CHECKPOINT_NAME, load_checkpoint, write_checkpoint


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.train.weight_mean", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of one training at different steps")
    parser.add_argument("output", type=Path, help="folder for the mean")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        if not (folder / CHECKPOINT_NAME).exists():
            parser.error(f"{folder} has no checkpoint {CHECKPOINT_NAME}")
    if (arguments.output / CHECKPOINT_NAME).exists():
        parser.error(f"{arguments.output} has a checkpoint already; give another folder")
    try:
        mean = weight_mean([load_checkpoint(folder) for folder in arguments.folders])
    except ValueError as error:
        parser.error(str(error))
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_checkpoint(arguments.output, mean)


def weight_mean(checkpoints: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the mean of checkpoints: `steps` of the last one, `model`.

    Raises ValueError if their weights differ in name or shape.
    """
    models = [checkpoint["model"] for checkpoint in checkpoints]
    shapes = [{name: weight.shape for name, weight in model.items()} for model in models]
    if any(each != shapes[0] for each in shapes):
        raise ValueError("the checkpoints are of different models")
    mean = {
        name: torch.stack([model[name] for model in models]).mean(0) if weight.is_floating_point() else weight
        for name, weight in models[-1].items()
    }
    return {"steps": max(checkpoint["steps"] for checkpoint in checkpoints), "model": mean}


if __name__ == "__main__":
    main()
