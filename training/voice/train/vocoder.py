"""Trains the vocoder: `python -m training.voice.train.vocoder CORPUS FOLDER`; resumes an interrupted run."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.voice.analysis.f0 import f0_contour
from training.voice.analysis.features import HOP_LENGTH, mel_of_audio
from training.voice.models.config import HIFIGAN_CONFIG
from training.voice.models.hifigan import Generator, initialize_weights
from training.voice.train.dataset import Statistics, Utterance, load_utterances, one_per_style
from training.voice.train.pretrained import initialize_vocoder
from training.voice.train.spectral_loss import spectral_loss
from training.voice.train.training_loop import Metrics, TrainingRun, add_arguments, run_training, set_learning_rate

SEGMENT_FRAMES = 40
MARGIN_FRAMES = 4
"""Frames at either end of a segment that the loss leaves out: the generator lacks their context."""
PEAK_LEARNING_RATE, FINAL_LEARNING_RATE = 6e-4, 5e-5


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.train.vocoder", description=__doc__)
    add_arguments(parser, steps=20000, batch=4, seed=2)
    parser.add_argument("--start-from", type=Path, help="voice in KAN-TTS layout, of the same sizes, to start from")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments)


def train(arguments: argparse.Namespace) -> None:
    """Trains the generator with the arguments of the command."""
    statistics = Statistics.read(arguments.corpus)
    utterances = load_utterances(arguments.corpus, held_out=False)
    held_out = one_per_style(load_utterances(arguments.corpus, held_out=True))
    torch.manual_seed(arguments.seed)
    model = Generator(HIFIGAN_CONFIG)
    if arguments.start_from:
        initialize_vocoder(model, arguments.start_from)
    else:
        initialize_weights(model)
    model.to(arguments.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.8, 0.99), weight_decay=0)

    def step(number: int, segments: list[tuple[int, int]]) -> Metrics:
        decay = 1 - number / arguments.steps
        set_learning_rate(optimizer, FINAL_LEARNING_RATE + (PEAK_LEARNING_RATE - FINAL_LEARNING_RATE) * decay)
        chosen = [segment(utterances[index], first, statistics) for index, first in segments]
        mel, f0, voicing, reference = (
            part.to(arguments.device) for part in map(torch.stack, zip(*chosen, strict=True))
        )
        generated = model(mel, f0, voicing)
        margin = MARGIN_FRAMES * HOP_LENGTH
        loss = spectral_loss(generated[:, margin:-margin], reference[:, margin:-margin])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return {"spectra": loss.item()}

    run_training(
        TrainingRun(arguments.folder, arguments.steps, arguments.seed, arguments.save_every),
        {"model": model, "optimizer": optimizer},
        random_segments(utterances, arguments.batch, arguments.seed),
        step,
        lambda: validate(model, held_out, statistics, arguments.device),
    )


def random_segments(utterances: Sequence[Utterance], size: int, seed: int) -> Iterator[list[tuple[int, int]]]:
    """Yields batches of (utterance index, first frame), uniform over all frames."""
    lengths = np.array([len(one.mel) for one in utterances])
    rng = np.random.default_rng(seed)
    while True:
        chosen = rng.choice(len(utterances), size, p=lengths / lengths.sum())
        yield [(int(index), int(rng.integers(max(1, lengths[index] - SEGMENT_FRAMES)))) for index in chosen]


def segment(utterance: Utterance, first: int, statistics: Statistics) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns mel (80, 40), F0 and voicing (40,), samples (8000,) from frame `first` on; padded with zeros."""
    frames = slice(first, first + SEGMENT_FRAMES)
    reference = utterance.audio()[first * HOP_LENGTH : (first + SEGMENT_FRAMES) * HOP_LENGTH]
    mel, f0, voicing = vocoder_inputs(utterance, statistics, frames)
    missing = SEGMENT_FRAMES - mel.shape[1]
    padded = [F.pad(part, (0, missing)) for part in (mel, f0, voicing)]
    return padded[0], padded[1], padded[2], F.pad(torch.from_numpy(reference), (0, missing * HOP_LENGTH))


def vocoder_inputs(
    utterance: Utterance, statistics: Statistics, frames: slice = slice(None)
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns mel (80, frames), F0 in Hz and voicing, both (frames,), of a recording."""
    mel = torch.from_numpy(statistics.normalize_mel(utterance.mel[frames])).T
    return mel, torch.from_numpy(utterance.f0[frames]), torch.from_numpy(utterance.voiced[frames]).float()


@torch.no_grad()
def copy_synthesis(
    model: Generator, utterance: Utterance, statistics: Statistics, device: str = "cpu"
) -> NDArray[np.float32]:
    """Generates audio from the features of a recording."""
    torch.manual_seed(0)
    mel, f0, voicing = (part[None].to(device) for part in vocoder_inputs(utterance, statistics))
    return model(mel, f0, voicing)[0].cpu().numpy()


def validate(model: Generator, held_out: Sequence[Utterance], statistics: Statistics, device: str) -> Metrics:
    """Measures copy synthesis: mel distance in dB, F0 correlation, and the frames that it is computed over.

    A buzz at the frame rate lowers the F0 correlation and no other figure.
    """
    distances, reference_f0, generated_f0 = [], [], []
    for one in held_out:
        generated = copy_synthesis(model, one, statistics, device)
        distances.append(100 * np.abs(mel_of_audio(generated) - one.mel.astype(np.float32)).mean())
        ours, theirs = f0_contour(generated), f0_contour(one.audio())
        both = ours.voiced & theirs.voiced
        reference_f0.append(theirs.f0[both])
        generated_f0.append(ours.f0[both])
    f0, target = np.concatenate(generated_f0), np.concatenate(reference_f0)
    correlation = float(np.corrcoef(f0, target)[0, 1]) if len(f0) > 2 else 0.0
    return {"mel_db": float(np.mean(distances)), "f0_correlation": correlation, "voiced_frames": len(f0)}


if __name__ == "__main__":
    main()
