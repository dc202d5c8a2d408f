"""Trains the acoustic model: `python -m training.voice.train.acoustic CORPUS FOLDER`; resumes an interrupted run."""

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor

from training.voice.analysis.f0 import MIN_F0_HZ
from training.voice.models.config import SAMBERT_CONFIG
from training.voice.models.sambert import Batch, Prediction, Sambert
from training.voice.models.vocabulary import TABLE_SIZES
from training.voice.train.dataset import Statistics, Utterance, batches_by_length, collate, load_utterances
from training.voice.train.pretrained import initialize_acoustic
from training.voice.train.training_loop import Metrics, TrainingRun, add_arguments, run_training, set_learning_rate

PEAK_LEARNING_RATE, WARMUP_STEPS, FINAL_LEARNING_RATE = 1e-3, 200, 3e-5
F0_WEIGHT, VOICING_WEIGHT = 20.0, 3.0
"""Relative to one mel channel: two of 82 channels carry the tones."""
PITCH_WEIGHT, ENERGY_WEIGHT = 2.0, 0.5
VALIDATION_UTTERANCES = 44


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.train.acoustic", description=__doc__)
    add_arguments(parser, steps=12000, batch=12, seed=1)
    parser.add_argument("--start-from", type=Path, help="voice in KAN-TTS layout, of the same sizes, to start from")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments)


def train(arguments: argparse.Namespace) -> None:
    """Trains the model with the arguments of the command."""
    statistics = Statistics.read(arguments.corpus)
    utterances = load_utterances(arguments.corpus, held_out=False)
    held_out = load_utterances(arguments.corpus, held_out=True)[:VALIDATION_UTTERANCES]
    torch.manual_seed(arguments.seed)
    model = Sambert(SAMBERT_CONFIG | TABLE_SIZES)
    if arguments.start_from:
        initialize_acoustic(model, arguments.start_from, statistics.f0)
    model.to(arguments.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def step(number: int, chosen: list[int]) -> Metrics:
        model.train()
        set_learning_rate(optimizer, learning_rate(number, arguments.steps))
        batch = collate([utterances[index] for index in chosen], statistics).to(arguments.device)
        losses = acoustic_losses(model(batch), batch, statistics.f0)
        loss = losses["decoder"] + losses["mel"] + losses["duration"] + PITCH_WEIGHT * losses["pitch"]
        loss = loss + ENERGY_WEIGHT * losses["energy"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return {name: value.item() for name, value in losses.items()}

    run_training(
        TrainingRun(arguments.folder, arguments.steps, arguments.seed, arguments.save_every),
        {"model": model, "optimizer": optimizer},
        batches_by_length([len(one.mel) for one in utterances], arguments.batch, arguments.seed),
        step,
        lambda: validate(model, held_out, statistics, arguments.device),
    )


def learning_rate(number: int, steps: int) -> float:
    """Linear warm-up, then cosine decay."""
    if number < WARMUP_STEPS:
        return PEAK_LEARNING_RATE * (number + 1) / WARMUP_STEPS
    done = (number - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)
    decay = 0.5 * (1 + math.cos(math.pi * min(1, done)))
    return FINAL_LEARNING_RATE + (PEAK_LEARNING_RATE - FINAL_LEARNING_RATE) * decay


def acoustic_losses(predicted: Prediction, batch: Batch, f0: tuple[float, float]) -> dict[str, Tensor]:
    """Mean absolute errors without the padding; `f0` is the corpus's mean and standard deviation, Hz.

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

    return {
        "decoder": over_frames(predicted.decoded),
        "mel": over_frames(predicted.mel),
        "f0": ((predicted.mel[..., -2] - batch.mel[..., -2]).abs() * voiced).sum() / voiced.sum(),
        "duration": over_units(predicted.log_durations, torch.log1p(batch.durations.float())),
        "pitch": over_units(predicted.pitch, batch.pitch),
        "energy": over_units(predicted.energy, batch.energy),
    }


@torch.no_grad()
def validate(model: Sambert, held_out: list[Utterance], statistics: Statistics, device: str) -> Metrics:
    """Returns the losses of held-out utterances; nothing without any."""
    if not held_out:
        return {}
    model.eval()
    batch = collate(held_out, statistics).to(device)
    return {name: value.item() for name, value in acoustic_losses(model(batch), batch, statistics.f0).items()}


if __name__ == "__main__":
    main()
