"""Trains the acoustic model: `python -m training.voice.acoustic CORPUS FOLDER`; killed, it goes on."""

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor

from training.voice.course import Course, Figures, follow
from training.voice.dataset import Statistics, Utterance, collate, load, order
from training.voice.features import LOWEST_F0
from training.voice.sambert import Batch, Prediction, Sambert
from training.voice.settings import ACOUSTIC
from training.voice.vocabulary import SIZES
from training.voice.warm import start_acoustic

PEAK_RATE, WARM_UP, FINAL_RATE = 1e-3, 200, 3e-5
F0_WEIGHT, VOICING_WEIGHT, PITCH_WEIGHT = 20.0, 3.0, 2.0
"""Two channels among eighty carry the tones. Errors of F0 count in proportion to F0: tones of a low voice lie close."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.acoustic", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--start-from", type=Path, help="a voice in KAN-TTS layout whose weights fit where shapes do")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments)


def train(arguments: argparse.Namespace) -> None:
    statistics = Statistics.read(arguments.corpus)
    spoken, held_out = load(arguments.corpus, held_out=False), load(arguments.corpus, held_out=True)[:44]
    torch.manual_seed(arguments.seed)
    model = Sambert(ACOUSTIC | SIZES)
    if arguments.start_from:
        start_acoustic(model, arguments.start_from, statistics.f0)
    model.to(arguments.device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3)

    def step(number: int, chosen: list[int]) -> Figures:
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = rate(number, arguments.steps)
        batch = on(collate([spoken[index] for index in chosen], statistics), arguments.device)
        losses = figures(model(batch), batch, statistics.f0)
        loss = losses["decoder"] + losses["mel"] + losses["duration"] + PITCH_WEIGHT * losses["pitch"]
        loss = loss + 0.5 * losses["energy"]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return {name: value.item() for name, value in losses.items()}

    course = Course(arguments.folder, arguments.steps, arguments.seed, arguments.save_every, report_every=50)
    batches = order([len(one.mel) for one in spoken], arguments.batch, arguments.seed)
    follow(
        course, {"model": model, "optimiser": optimiser}, batches, step,
        lambda _: validate(model, held_out, statistics, arguments.device),
    )  # fmt: skip


def rate(number: int, steps: int) -> float:
    """Rises linearly, falls along a cosine."""
    if number < WARM_UP:
        return PEAK_RATE * (number + 1) / WARM_UP
    done = (number - WARM_UP) / max(1, steps - WARM_UP)
    return FINAL_RATE + (PEAK_RATE - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * min(1, done)))


def figures(predicted: Prediction, batch: Batch, f0: tuple[float, float]) -> dict[str, Tensor]:
    """Mean absolute errors over what is there; `f0` is the corpus's mean and deviation, Hz."""
    frames, voiced = (batch.owner >= 0).float(), batch.mel[..., -1]
    weights = torch.ones(batch.mel.shape[-1], device=batch.mel.device)
    weights[-2], weights[-1] = F0_WEIGHT, VOICING_WEIGHT
    weights /= weights.sum()
    errors_of = weights.expand_as(batch.mel).clone()
    errors_of[..., -2] *= f0[0] / (batch.mel[..., -2] * f0[1] + f0[0]).clamp(min=LOWEST_F0)

    def of_frames(made: Tensor) -> Tensor:
        return (((made - batch.mel).abs() * errors_of).sum(-1) * frames).sum() / frames.sum()

    def of_units(made: Tensor, wanted: Tensor) -> Tensor:
        return ((made - wanted).abs() * batch.known).sum() / batch.known.sum()

    return {
        "decoder": of_frames(predicted.decoded),
        "mel": of_frames(predicted.mel),
        "f0": ((predicted.mel[..., -2] - batch.mel[..., -2]).abs() * voiced).sum() / voiced.sum(),
        "duration": of_units(predicted.log_durations, torch.log1p(batch.durations.float())),
        "pitch": of_units(predicted.pitch, batch.pitch),
        "energy": of_units(predicted.energy, batch.energy),
    }


@torch.no_grad()
def validate(model: Sambert, held_out: list[Utterance], statistics: Statistics, device: str) -> Figures:
    if not held_out:
        return {}
    model.eval()
    batch = on(collate(held_out, statistics), device)
    return {name: value.item() for name, value in figures(model(batch), batch, statistics.f0).items()}


def on(batch: Batch, device: str) -> Batch:
    return Batch(*(getattr(batch, name).to(device) for name in Batch.__slots__))


if __name__ == "__main__":
    main()
