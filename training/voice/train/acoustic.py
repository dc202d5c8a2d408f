"""Trains the acoustic model: `python -m training.voice.train.acoustic CORPUS FOLDER`; resumes an interrupted run."""

import math
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from training.voice.analysis.f0 import MIN_F0_HZ
from training.voice.analysis.features import MEL_CHANNELS
from training.voice.models.config import SAMBERT_CONFIG
from training.voice.models.sambert import Batch, Prediction, Sambert
from training.voice.models.vocabulary import TABLE_SIZES
from training.voice.train.dataset import Statistics, Utterance, by_kind, collate, load_utterances, mixed_batches
from training.voice.train.phonetic_loss import PhoneticLoss, add_phonetic_loss
from training.voice.train.pretrained import initialize_acoustic
from training.voice.train.training_loop import Metrics, argument_parser, minimize, parse_arguments, run_training

PEAK_LEARNING_RATE, WARMUP_STEPS, FINAL_LEARNING_RATE = 1e-3, 200, 3e-5
CONTINUED_LEARNING_RATE = 6e-4
"""The peak of a training that starts from another voice."""
F0_WEIGHT, VOICING_WEIGHT = 20.0, 3.0
"""Relative to one mel channel: two of 82 channels carry the tones."""
LOSS_WEIGHTS = {"decoder": 1.0, "mel": 1.0, "duration": 1.0, "pitch": 2.0, "energy": 0.5, "variance": 1.0}
"""`variance` is the difference in deviation over time: absolute errors alone smooth the mels, which sounds muffled."""
PHONETIC_WEIGHT = 0.3
SHARES = {"espeak": 4.0, "word": 1.0, "sentence": 6.0, "english": 1.0}
"""Of each kind of utterance in a batch."""
VALIDATION_UTTERANCES = 22
"""Of each kind."""


BatchOf = Callable[[Sequence[Utterance], int], Batch]
"""Utterances and the seed of their step -> the batch; validation has the seed -1."""
LossesOf = Callable[[Sequence[Utterance], Prediction, Batch], dict[str, Tensor]]
"""Further losses of a recipe, by name."""


def main() -> None:
    """Trains the model."""
    parser = argument_parser("acoustic", __doc__, steps=12000, batch=12, seed=1, can_start_from=True)
    add_phonetic_loss(parser)
    arguments = parse_arguments(parser)
    statistics = Statistics.read(arguments.corpus)
    torch.manual_seed(arguments.seed)
    model = Sambert(SAMBERT_CONFIG | TABLE_SIZES)
    if arguments.start_from:
        initialize_acoustic(model, arguments.start_from, statistics.f0)
    phonetic = PhoneticLoss(arguments.phonetic_loss, arguments.device) if arguments.phonetic_loss else None

    def further_losses(_: Sequence[Utterance], predicted: Prediction, batch: Batch) -> dict[str, Tensor]:
        if phonetic is None:
            return {}
        mean, deviation = (torch.from_numpy(each) for each in (statistics.mel_mean, statistics.mel_deviation))
        generated, recorded = (
            mel[..., :MEL_CHANNELS] * deviation.to(mel) + mean.to(mel) for mel in (predicted.mel, batch.mel)
        )
        return {"phonetic": phonetic(generated, recorded, (batch.frame_units >= 0).sum(1))}

    train(
        arguments, model, statistics, lambda chosen, _: collate(chosen, statistics), further_losses,
        {"phonetic": PHONETIC_WEIGHT},
    )  # fmt: skip


def train(
    arguments: Namespace,
    model: Sambert,
    statistics: Statistics,
    batch_of: BatchOf,
    further_losses: LossesOf = lambda *_: {},
    further_weights: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """Trains `model` with the corpus of the command's `arguments`; `further_weights` are those of `further_losses`."""
    weights = LOSS_WEIGHTS | further_weights
    utterances = load_utterances(arguments.corpus, held_out=False)
    held_out = by_kind(load_utterances(arguments.corpus, held_out=True), VALIDATION_UTTERANCES)
    model.to(arguments.device)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def losses(chosen: Sequence[Utterance], seed: int) -> dict[str, Tensor]:
        batch = batch_of(chosen, seed).to(arguments.device)
        predicted = model(batch)
        return acoustic_losses(predicted, batch, statistics.f0) | further_losses(chosen, predicted, batch)

    def step(number: int, chosen: list[int]) -> Metrics:
        model.train()
        groups = by_kind([utterances[index] for index in chosen], arguments.batch)
        terms: dict[str, Tensor] = {}
        for group in groups.values():  # one at a time: words would be padded to the length of sentences
            for name, value in losses(group, number).items():
                terms[name] = terms.get(name, 0) + value * (len(group) / len(chosen))
        loss = sum(weights[name] * value for name, value in terms.items() if name in weights)
        minimize(loss, model, optimizer, learning_rate(number, arguments.steps, peak))
        return {name: value.item() for name, value in terms.items()}

    @torch.no_grad()
    def validate() -> Metrics:
        model.eval()
        return {
            f"{kind}_{name}": value.item()
            for kind, chosen in held_out.items()
            for name, value in losses(chosen, -1).items()
        }

    peak = CONTINUED_LEARNING_RATE if arguments.start_from else PEAK_LEARNING_RATE
    batches = mixed_batches(utterances, arguments.batch, SHARES, arguments.seed)
    run_training(arguments, {"model": model, "optimizer": optimizer}, batches, step, validate)


def learning_rate(number: int, steps: int, peak: float = PEAK_LEARNING_RATE) -> float:
    """Returns the learning rate of a step: linear warm-up, then cosine decay."""
    if number < WARMUP_STEPS:
        return peak * (number + 1) / WARMUP_STEPS
    done = (number - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)
    decay = 0.5 * (1 + math.cos(math.pi * min(1, done)))
    return FINAL_LEARNING_RATE + (peak - FINAL_LEARNING_RATE) * decay


def acoustic_losses(predicted: Prediction, batch: Batch, f0: tuple[float, float]) -> dict[str, Tensor]:
    """Returns mean absolute errors without the padding; `f0` is the corpus's mean and standard deviation, Hz.

    Errors of F0 are divided by F0: the tones of a low voice are closer together in Hz.
    """
    frames, voiced = (batch.frame_units >= 0).float(), batch.mel[..., -1]
    channel_weights = torch.ones(batch.mel.shape[-1], device=batch.mel.device)
    channel_weights[-2], channel_weights[-1] = F0_WEIGHT, VOICING_WEIGHT
    channel_weights /= channel_weights.sum()
    weights = channel_weights.expand_as(batch.mel).clone()
    weights[..., -2] *= f0[0] / (batch.mel[..., -2] * f0[1] + f0[0]).clamp(min=MIN_F0_HZ)

    def over_frames(output: Tensor) -> Tensor:
        return (((output - batch.mel).abs() * weights).sum(-1) * frames).sum() / frames.sum()

    def over_units(output: Tensor, target: Tensor) -> Tensor:
        return ((output - target).abs() * batch.unit_mask).sum() / batch.unit_mask.sum()

    def deviations(mel: Tensor) -> Tensor:
        """Returns the deviation over time of every mel channel, and that of its changes between frames."""
        mel = mel[..., :-2]
        steps, pairs = mel[:, 1:] - mel[:, :-1], frames[:, 1:]
        return torch.stack([_deviation(mel, frames), _deviation(steps, pairs)])

    return {
        "decoder": over_frames(predicted.decoded),
        "mel": over_frames(predicted.mel),
        "variance": (deviations(predicted.mel) - deviations(batch.mel)).abs().mean(),
        "f0": ((predicted.mel[..., -2] - batch.mel[..., -2]).abs() * voiced).sum() / voiced.sum(),
        "duration": over_units(predicted.log_durations, torch.log1p(batch.durations.float())),
        "pitch": over_units(predicted.pitch, batch.pitch),
        "energy": over_units(predicted.energy, batch.energy),
    }


def _deviation(x: Tensor, counted: Tensor) -> Tensor:
    """(b, t, channels) -> (b, channels): the standard deviation over the frames that `counted` (b, t) marks."""
    weights = (counted / counted.sum(1, keepdim=True))[..., None]
    mean = (x * weights).sum(1, keepdim=True)
    return (((x - mean) ** 2 * weights).sum(1) + 1e-6).sqrt()


if __name__ == "__main__":
    main()
