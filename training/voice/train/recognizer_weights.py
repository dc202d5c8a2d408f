"""A trained recognizer as one small file: `python -m training.voice.train.recognizer_weights FOLDER FILE.npz`.

FOLDER is that of training.voice.train.recognizer. `training/voice/recognizers` has two such files, so that nobody has
to train a recognizer: `listener.npz` judges voices, `phonetic.npz` is for the phonetic loss.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from training.voice.models.recognizer import STATISTICS, Recognizer
from training.voice.train.training_loop import CHECKPOINT_NAME, load_checkpoint

RECOGNIZER_HELP = "training/voice/recognizers/listener.npz, or a folder that training.voice.train.recognizer wrote"


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.train.recognizer_weights", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if arguments.file.suffix != ".npz":
        parser.error(f"{arguments.file}: the name of the file has to end in .npz")
    write_recognizer(load_recognizer(arguments.folder), arguments.file)
    print(f"{arguments.file}  ({arguments.file.stat().st_size:,} bytes)")


def write_recognizer(model: Recognizer, file: Path) -> None:
    """Writes the weights in float16, the statistics of its corpus in float32."""
    arrays = {
        name: value.numpy().astype(np.float32 if name in STATISTICS else np.float16)
        for name, value in model.state_dict().items()
        if value.is_floating_point()
    }
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    part.rename(file)


def load_recognizer(path: Path) -> Recognizer:
    """Loads a recognizer from a training folder or from a file of this module.

    Raises `SystemExit` if there is none.
    """
    model = Recognizer()
    if path.is_file():
        with np.load(path) as arrays:
            weights = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
        model.load_state_dict(model.state_dict() | weights)
    elif (path / CHECKPOINT_NAME).is_file():
        model.load_state_dict(load_checkpoint(path)["model"])
    else:
        raise SystemExit(
            f"{path} is no recognizer: name a folder of training.voice.train.recognizer, or a file such as "
            "training/voice/recognizers/listener.npz"
        )
    return model.eval()


if __name__ == "__main__":
    main()
