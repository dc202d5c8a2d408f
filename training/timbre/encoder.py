"""Trains the speaker encoder: `python -m training.timbre.encoder CORPUS FOLDER`; resumes an interrupted run.

An embedding must tell the speaker, and the traits that espeak-ng's variants were made from: so it is steady between
known speakers, and says something about new ones. The last step writes FOLDER/embeddings.npz, the embedding of every
utterance, which the acoustic model learns from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from server.synthesis.speaker_encoder.fbank import fbank
from server.types import Audio
from training.timbre.encoder_network import BINS, SAMPLE_RATE, SIZE, EncoderNetwork
from training.timbre.variants import TRAITS, Variant, training_variants
from training.voice.train.dataset import Utterance, load_utterances
from training.voice.train.training_loop import (
    Metrics,
    argument_parser,
    load_checkpoint,
    minimize,
    parse_arguments,
    run_training,
)

EMBEDDINGS_FILE = "embeddings.npz"
SHORTEST, LONGEST = 100, 300
"""Frames of a crop."""
PEAK_LEARNING_RATE, FINAL_LEARNING_RATE = 2e-3, 5e-5
TRAIT_WEIGHTS = {"tract": 2.0, "f0": 2.0}
"""In the loss; 1 for the others."""
SPEAKER_WEIGHT = 0.03
"""Small: what tells the known speakers apart says little about new ones."""
COSINE_SCALE = 15.0
"""Of the classifier of speakers."""
NOISE_PROBABILITY = 0.6
NOISE_RANGE = (2.0, 9.0)
"""How far the noise is below the mean level of the crop: natural logarithm of power, 9 to 39 dB."""
EQUALIZATION = 0.25
"""The deviation of a random, smooth equalization: natural logarithm of power, 1 dB."""


@dataclass(frozen=True, slots=True)
class Features:
    """An utterance as the encoder reads it."""

    name: str
    speaker: int
    neutral: bool
    """Whether it is spoken without an emotion."""
    frames: NDArray[np.float16]
    """(frames, bins)"""


class TraitModel(nn.Module):
    """The encoder with what it is trained by: a reader of the traits, and a classifier of the speakers."""

    def __init__(self, speakers: int) -> None:
        super().__init__()
        self.encoder = EncoderNetwork()
        self.traits = nn.Linear(SIZE, len(TRAITS))
        self.speakers = nn.Parameter(torch.randn(speakers, SIZE))

    def losses(self, features: Tensor, speakers: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Returns the errors of the traits, the cross entropy of the speakers, and the share of right speakers."""
        embedding = self.encoder(features)
        errors = ((self.traits(embedding) - targets) ** 2).mean(0)
        cosines = F.linear(F.normalize(embedding), F.normalize(self.speakers))
        known = dict(zip(TRAITS, errors, strict=True))
        right = (cosines.argmax(1) == speakers).float().mean()
        return known | {"speaker": F.cross_entropy(COSINE_SCALE * cosines, speakers), "right": right}


def main() -> None:
    """Trains the encoder."""
    arguments = parse_arguments(argument_parser("encoder", __doc__, steps=2500, batch=48, seed=4))
    speakers = variants_of(arguments.corpus)
    targets = torch.from_numpy(np.stack([speaker.targets() for speaker in speakers]))
    training, held_out = (load_features(arguments.corpus, speakers, held_out=held_out) for held_out in (False, True))
    torch.manual_seed(arguments.seed)
    model = TraitModel(len(speakers))
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def losses(chosen: Sequence[Features], frames: Tensor) -> dict[str, Tensor]:
        rows = torch.tensor([one.speaker for one in chosen])
        return model.losses(frames, rows, targets[rows])

    def step(number: int, chosen: list[int]) -> Metrics:
        model.train()
        utterances = [training[index] for index in chosen]
        rng = np.random.default_rng([arguments.seed, number])
        terms = losses(utterances, torch.from_numpy(crops(utterances, rng)))
        loss = sum((TRAIT_WEIGHTS.get(name, 1.0) * terms[name] for name in TRAITS), SPEAKER_WEIGHT * terms["speaker"])
        minimize(loss, model, optimizer, learning_rate(number, arguments.steps))
        return {name: value.item() for name, value in terms.items()}

    @torch.no_grad()
    def validate() -> Metrics:
        model.eval()
        each = [losses([one], torch.from_numpy(one.frames.astype(np.float32))[None]) for one in held_out]
        return {name: float(np.mean([terms[name].item() for terms in each])) for name in TRAITS} if each else {}

    batches = shuffled(len(training), arguments.batch, arguments.seed)
    run_training(arguments, {"model": model, "optimizer": optimizer}, batches, step, validate)
    write_embeddings(arguments.folder, load_encoder(arguments.folder), [*training, *held_out])


def learning_rate(number: int, steps: int) -> float:
    """Returns the learning rate of a step: linear decay."""
    return FINAL_LEARNING_RATE + (PEAK_LEARNING_RATE - FINAL_LEARNING_RATE) * (1 - number / steps)


def variants_of(corpus: Path) -> list[Variant]:
    """Returns the speakers of a corpus."""
    names = {path.name.split("-")[0] for path in (corpus / "utterances").glob("v*.npz")}
    return training_variants(len(names))


def load_features(corpus: Path, speakers: Sequence[Variant], *, held_out: bool) -> list[Features]:
    """Reads the utterances of a corpus, and computes their filter banks."""
    rows = {speaker.name: row for row, speaker in enumerate(speakers)}
    return [
        Features(one.name, rows[one.speaker], one.emotion == "neutral", features_of(one))
        for one in load_utterances(corpus, held_out=held_out)
    ]


def features_of(utterance: Utterance) -> NDArray[np.float16]:
    """Returns the filter banks (frames, bins)."""
    return fbank(Audio(utterance.audio(), SAMPLE_RATE), BINS).astype(np.float16)


def crops(utterances: Sequence[Features], rng: np.random.Generator) -> NDArray[np.float32]:
    """Returns parts (utterances, frames, bins) of equal length, with noise and other frequency responses."""
    length = int(min(rng.integers(SHORTEST, LONGEST), *(len(one.frames) for one in utterances)))
    starts = [int(rng.integers(len(one.frames) - length + 1)) for one in utterances]
    parts = [one.frames[start : start + length] for one, start in zip(utterances, starts, strict=True)]
    x = np.stack(parts).astype(np.float32)
    points = rng.normal(0, EQUALIZATION, (len(x), 5))
    places = np.linspace(0, 4, BINS)
    x += np.stack([np.interp(places, range(5), row) for row in points])[:, None].astype(np.float32)
    noisy = rng.uniform(size=len(x)) < NOISE_PROBABILITY
    below = rng.uniform(*NOISE_RANGE, size=(len(x), 1, 1))
    slopes = rng.uniform(-2, 2, (len(x), 1, 1)) * np.linspace(-1, 1, BINS)
    level = x.mean((1, 2), keepdims=True)
    noise = level - below + slopes + rng.normal(0, 0.6, x.shape)
    mixed: NDArray[np.float32] = np.where(noisy[:, None, None], np.logaddexp(x, noise), x).astype(np.float32)
    return mixed


def shuffled(count: int, size: int, seed: int) -> Iterator[list[int]]:
    """Yields batches of indices without end."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(count)
        for start in range(0, max(1, count - size + 1), size):
            yield order[start : start + size].tolist()


def load_encoder(folder: Path) -> EncoderNetwork:
    """Returns the encoder that was trained in `folder`."""
    model = EncoderNetwork()
    prefix = "encoder."
    saved = load_checkpoint(folder)["model"]
    model.load_state_dict({name.removeprefix(prefix): value for name, value in saved.items() if prefix in name})
    return model.eval()


@torch.no_grad()
def write_embeddings(folder: Path, encoder: EncoderNetwork, utterances: Sequence[Features]) -> None:
    """Writes the names of the utterances, whether they are neutral, and their embeddings (utterances, size)."""
    vectors = [encoder(torch.from_numpy(one.frames.astype(np.float32))[None])[0].numpy() for one in utterances]
    names, neutral = zip(*((one.name, one.neutral) for one in utterances), strict=True)
    np.savez(folder / EMBEDDINGS_FILE, names=names, neutral=neutral, embeddings=np.stack(vectors))


if __name__ == "__main__":
    main()
