"""Trains a reader of embeddings from mels: `python -m training.timbre.mel_encoder CORPUS FOLDER --encoder ENCODER`.

It computes from an utterance's mels what the speaker encoder computes from its audio, so that the acoustic model can be
trained for the embedding of what it predicts. Resumes an interrupted run.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.timbre.encoder import EMBEDDINGS_FILE, PEAK_LEARNING_RATE, Features, crops, learning_rate, shuffled
from training.timbre.encoder_network import EncoderNetwork
from training.voice.models.sambert import Batch, Prediction
from training.voice.train.dataset import Statistics, load_utterances
from training.voice.train.training_loop import (
    Metrics,
    argument_parser,
    load_checkpoint,
    minimize,
    parse_arguments,
    run_training,
)

POWER_SCALE = 10 * np.log(10)
"""Mels are hundreds of dB; filter banks, which the network was made for, natural logarithms of power."""
SILENCE = -40.0
"""What padding is replaced with, natural logarithm of power: the network does not count such frames."""


def main() -> None:
    """Trains the reader."""
    parser = argument_parser("mel_encoder", __doc__, steps=1000, batch=48, seed=6)
    parser.add_argument("--encoder", type=Path, required=True, help="folder that training.timbre.encoder wrote")
    arguments = parse_arguments(parser)
    with np.load(arguments.encoder / EMBEDDINGS_FILE) as file:
        embeddings = dict(zip(file["names"].tolist(), torch.from_numpy(file["embeddings"]), strict=True))
    training, held_out = (
        [
            Features(one.name, 0, one.emotion == "neutral", (POWER_SCALE * one.mel).astype(np.float16))
            for one in load_utterances(arguments.corpus, held_out=held_out)
        ]
        for held_out in (False, True)
    )
    torch.manual_seed(arguments.seed)
    model = EncoderNetwork()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def distance(chosen: Sequence[Features], frames: Tensor) -> Tensor:
        return F.mse_loss(model(frames), torch.stack([embeddings[one.name] for one in chosen]))

    def step(number: int, chosen: list[int]) -> Metrics:
        model.train()
        utterances = [training[index] for index in chosen]
        rng = np.random.default_rng([arguments.seed, number])
        loss = distance(utterances, torch.from_numpy(crops(utterances, rng)))
        minimize(loss, model, optimizer, learning_rate(number, arguments.steps))
        return {"distance": loss.item()}

    @torch.no_grad()
    def validate() -> Metrics:
        model.eval()
        each = [distance([one], torch.from_numpy(one.frames.astype(np.float32))[None]).item() for one in held_out]
        return {"distance": float(np.mean(each))} if each else {}

    batches = shuffled(len(training), arguments.batch, arguments.seed)
    run_training(arguments, {"model": model, "optimizer": optimizer}, batches, step, validate)


class TimbreLoss:
    """How far the timbre of predicted mels is from that of the speaker: 1 minus the cosine of the embeddings."""

    def __init__(self, folder: Path, statistics: Statistics) -> None:
        """Reads what this module's command wrote into `folder`."""
        self._encoder = EncoderNetwork()
        self._encoder.load_state_dict(load_checkpoint(folder)["model"])
        self._encoder.eval().requires_grad_(False)
        self._mean, self._deviation = map(torch.from_numpy, (statistics.mel_mean, statistics.mel_deviation))

    def __call__(self, predicted: Prediction, batch: Batch, speakers: Tensor) -> Tensor:
        """`speakers` (b, size): the embeddings that the results should have."""
        mel = predicted.mel[..., : len(self._mean)]
        features = POWER_SCALE * (mel * self._deviation + self._mean)
        features = torch.where((batch.frame_units >= 0)[..., None], features, SILENCE)
        return 1 - F.cosine_similarity(self._encoder(features), speakers, dim=-1).mean()


if __name__ == "__main__":
    main()
