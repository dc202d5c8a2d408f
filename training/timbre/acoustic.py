"""Trains the acoustic model; resumes an interrupted run.

`python -m training.timbre.acoustic CORPUS FOLDER --encoder ENCODER`

Its table of speakers is that of the embeddings of the corpus's utterances, and is not trained. Every utterance is
spoken after a neutral one of the same speaker, as a text is spoken after a recording.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.timbre.encoder import EMBEDDINGS_FILE
from training.timbre.mel_encoder import TimbreLoss
from training.voice.models.config import SAMBERT_CONFIG
from training.voice.models.sambert import Batch, Prediction, Sambert
from training.voice.models.vocabulary import TABLE_SIZES
from training.voice.train.acoustic import train
from training.voice.train.dataset import Statistics, Utterance, collate
from training.voice.train.pretrained import initialize_all_but_speakers
from training.voice.train.training_loop import argument_parser, parse_arguments

TIMBRE_WEIGHT = 0.5
"""Of the timbre loss; that of the mels is some 0.25."""


class ReferenceTable:
    """The embeddings of all utterances, by speaker."""

    def __init__(self, encoder: Path) -> None:
        """Reads what training.timbre.encoder wrote into its folder."""
        with np.load(encoder / EMBEDDINGS_FILE) as file:
            names, neutral, self.embeddings = file["names"], file["neutral"], torch.from_numpy(file["embeddings"])
        self._rows: Mapping[str, list[int]] = defaultdict(list)
        for row in np.flatnonzero(neutral):
            self._rows[str(names[row]).split("-")[0]].append(int(row))
        self._means = {name: self.embeddings[rows].mean(0) for name, rows in self._rows.items()}

    def choose(self, speakers: Sequence[str], seed: int) -> dict[str, int]:
        """Returns a row of the table for each of the speakers."""
        rng = np.random.default_rng(seed + 1)
        return {name: int(rng.choice(self._rows[name])) for name in dict.fromkeys(speakers)}

    def means(self, speakers: Sequence[str]) -> Tensor:
        """Returns the mean embedding of each of the speakers: (speakers, size)."""
        return torch.stack([self._means[name] for name in speakers])


def main() -> None:
    """Trains the model."""
    parser = argument_parser("acoustic", __doc__, steps=12000, batch=12, seed=5, can_start_from=True)
    parser.add_argument("--encoder", type=Path, required=True, help="folder that training.timbre.encoder wrote")
    parser.add_argument("--mel-encoder", type=Path, help="folder of training.timbre.mel_encoder, for the timbre loss")
    arguments = parse_arguments(parser)
    statistics, table = Statistics.read(arguments.corpus), ReferenceTable(arguments.encoder)
    torch.manual_seed(arguments.seed)
    model = Sambert(SAMBERT_CONFIG | TABLE_SIZES | {"speaker": len(table.embeddings)})
    if arguments.start_from:
        initialize_all_but_speakers(model, arguments.start_from, statistics.f0)
    model.spk_tokenizer.weight.data = table.embeddings
    model.spk_tokenizer.weight.requires_grad = False

    def batch_of(chosen: Sequence[Utterance], seed: int) -> Batch:
        return collate(chosen, statistics, table.choose([one.speaker for one in chosen], seed))

    timbre = TimbreLoss(arguments.mel_encoder, statistics) if arguments.mel_encoder else None

    def further_losses(chosen: Sequence[Utterance], predicted: Prediction, batch: Batch) -> dict[str, Tensor]:
        if timbre is None:
            return {}
        return {"timbre": timbre(predicted, batch, table.means([one.speaker for one in chosen]))}

    train(arguments, model, statistics, batch_of, further_losses, {"timbre": TIMBRE_WEIGHT})


if __name__ == "__main__":
    main()
