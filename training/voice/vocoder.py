"""Trains the vocoder: `python -m training.voice.vocoder CORPUS FOLDER`; killed, it goes on."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.voice import features
from training.voice.course import Course, Figures, follow
from training.voice.dataset import Statistics, Utterance, load, samples_of
from training.voice.features import HOP
from training.voice.hifigan import Generator, start
from training.voice.measures import contour
from training.voice.settings import VOCODER
from training.voice.spectra import distance
from training.voice.warm import start_vocoder

FRAMES, MARGIN = 40, 4
"""Frames of a segment, and those at either end whose sound is not judged: their surroundings are missing."""
PEAK_RATE, FINAL_RATE = 6e-4, 5e-5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.vocoder", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--start-from", type=Path, help="a voice in KAN-TTS layout with a generator of the same size")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments)


def train(arguments: argparse.Namespace) -> None:
    statistics = Statistics.read(arguments.corpus)
    spoken, held_out = load(arguments.corpus, held_out=False), one_of_each(load(arguments.corpus, held_out=True))
    torch.manual_seed(arguments.seed)
    model = Generator(VOCODER)
    if arguments.start_from:
        start_vocoder(model, arguments.start_from)
    else:
        start(model)
    model.to(arguments.device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.8, 0.99), weight_decay=0)

    def step(number: int, places: list[tuple[int, int]]) -> Figures:
        for group in optimiser.param_groups:
            group["lr"] = FINAL_RATE + (PEAK_RATE - FINAL_RATE) * (1 - number / arguments.steps)
        chosen = [segment(spoken[index], first, statistics) for index, first in places]
        mel, f0, voicing, wanted = (part.to(arguments.device) for part in map(torch.stack, zip(*chosen, strict=True)))
        made = model(mel, f0, voicing)
        edge = MARGIN * HOP
        loss = distance(made[:, edge:-edge], wanted[:, edge:-edge])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        return {"spectra": loss.item()}

    course = Course(arguments.folder, arguments.steps, arguments.seed, arguments.save_every, report_every=50)
    follow(
        course, {"model": model, "optimiser": optimiser}, segments(spoken, arguments.batch, arguments.seed), step,
        lambda _: validate(model, held_out, statistics, arguments.device),
    )  # fmt: skip


def segments(spoken: Sequence[Utterance], size: int, seed: int) -> Iterator[list[tuple[int, int]]]:
    """(utterance, first frame), every frame as likely as any other."""
    lengths = np.array([len(one.mel) for one in spoken])
    dice = np.random.default_rng(seed)
    while True:
        chosen = dice.choice(len(spoken), size, p=lengths / lengths.sum())
        yield [(int(index), int(dice.integers(max(1, lengths[index] - FRAMES)))) for index in chosen]


def segment(utterance: Utterance, first: int, statistics: Statistics) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """mel (80, frames), F0 and voicing (frames,), samples (frames x 200,)"""
    frames = slice(first, first + FRAMES)
    wanted = samples_of(utterance)[first * HOP : (first + FRAMES) * HOP]
    mel, f0, voicing = inputs(utterance, statistics, frames)
    missing = FRAMES - mel.shape[1]
    padded = [F.pad(part, (0, missing)) for part in (mel, f0, voicing)]
    return padded[0], padded[1], padded[2], F.pad(torch.from_numpy(wanted), (0, missing * HOP))


def inputs(utterance: Utterance, statistics: Statistics, frames: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
    mel = torch.from_numpy(statistics.mel(utterance.mel[frames])).T
    return mel, torch.from_numpy(utterance.f0[frames]), torch.from_numpy(utterance.voiced[frames]).float()


def one_of_each(held_out: Sequence[Utterance]) -> list[Utterance]:
    return list({(one.speaker, one.emotion): one for one in held_out}.values())


@torch.no_grad()
def copy(model: Generator, utterance: Utterance, statistics: Statistics, device: str = "cpu") -> NDArray[np.float32]:
    """Copy synthesis: a recording's own features made into sound again."""
    torch.manual_seed(0)
    mel, f0, voicing = (part[None].to(device) for part in inputs(utterance, statistics))
    return model(mel, f0, voicing)[0].cpu().numpy()


def validate(model: Generator, held_out: Sequence[Utterance], statistics: Statistics, device: str) -> Figures:
    """Distance of the mels in dB, and how well F0 is followed: a buzz at the frame rate shows here and nowhere else."""
    distances, wanted, heard = [], [], []
    for one in held_out:
        made = copy(model, one, statistics, device)
        mel = features.mel(features.magnitudes(made))
        distances.append(100 * np.abs(mel - one.mel.astype(np.float32)).mean())
        melody, target = contour(made), contour(samples_of(one))
        both = melody.voiced & target.voiced
        wanted.append(target.f0[both])
        heard.append(melody.f0[both])
    f0, aim = np.concatenate(heard), np.concatenate(wanted)
    correlation = float(np.corrcoef(f0, aim)[0, 1]) if len(f0) > 2 else 0.0
    return {"mel_db": float(np.mean(distances)), "f0_correlation": correlation, "followed": len(f0)}


if __name__ == "__main__":
    main()
