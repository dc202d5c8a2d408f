"""Trains the vocoder: `python -m training.voice.train.vocoder CORPUS FOLDER`; resumes an interrupted run."""

from collections.abc import Iterator, Sequence

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
from training.voice.train.training_loop import Metrics, minimize, parse_arguments, run_training

SEGMENT_FRAMES = 40
MARGIN_FRAMES = 4
"""Frames at either end of a segment that the loss leaves out: the generator lacks their context."""
PEAK_LEARNING_RATE, FINAL_LEARNING_RATE = 6e-4, 5e-5


def main() -> None:
    """Trains the generator."""
    arguments = parse_arguments("vocoder", __doc__, steps=20000, batch=4, seed=2, can_start_from=True)
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
        chosen = [segment(utterances[index], first, statistics) for index, first in segments]
        stacked = map(torch.stack, zip(*chosen, strict=True))
        mel, f0, voicing, reference = (part.to(arguments.device) for part in stacked)
        generated = model(mel, f0, voicing)
        margin = MARGIN_FRAMES * HOP_LENGTH
        loss = spectral_loss(generated[:, margin:-margin], reference[:, margin:-margin])
        rate = FINAL_LEARNING_RATE + (PEAK_LEARNING_RATE - FINAL_LEARNING_RATE) * (1 - number / arguments.steps)
        minimize(loss, model, optimizer, rate, max_norm=5.0)
        return {"spectra": loss.item()}

    def validate() -> Metrics:
        return validation_metrics(model, held_out, statistics, arguments.device)

    batches = random_segments(utterances, arguments.batch, arguments.seed)
    run_training(arguments, {"model": model, "optimizer": optimizer}, batches, step, validate)


def random_segments(utterances: Sequence[Utterance], size: int, seed: int) -> Iterator[list[tuple[int, int]]]:
    """Yields batches of (utterance index, first frame), uniform over all frames."""
    lengths = np.array([len(one.mel) for one in utterances])
    rng = np.random.default_rng(seed)
    while True:
        chosen = rng.choice(len(utterances), size, p=lengths / lengths.sum())
        yield [(int(index), int(rng.integers(max(1, lengths[index] - SEGMENT_FRAMES)))) for index in chosen]


def segment(utterance: Utterance, first: int, statistics: Statistics) -> list[Tensor]:
    """Returns mel (80, 40), F0 and voicing (40,), samples (8000,) from frame `first` on; padded with zeros."""
    last = first + SEGMENT_FRAMES
    mel, f0, voicing = vocoder_inputs(utterance, statistics, slice(first, last))
    reference = torch.from_numpy(utterance.audio()[first * HOP_LENGTH : last * HOP_LENGTH])
    missing = SEGMENT_FRAMES - mel.shape[1]
    return [*(F.pad(part, (0, missing)) for part in (mel, f0, voicing)), F.pad(reference, (0, missing * HOP_LENGTH))]


def vocoder_inputs(
    utterance: Utterance, statistics: Statistics, frames: slice = slice(None)
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns mel (80, frames), F0 in Hz and voicing, both (frames,), of a recording."""
    mel = torch.from_numpy(statistics.normalize_mel(utterance.mel[frames])).T
    return mel, torch.from_numpy(utterance.f0[frames]), torch.from_numpy(utterance.voiced[frames]).float()


@torch.no_grad()
def copy_synthesis(model: Generator, utterance: Utterance, statistics: Statistics, device: str) -> NDArray[np.float32]:
    """Generates audio from the features of a recording."""
    torch.manual_seed(0)
    mel, f0, voicing = (part[None].to(device) for part in vocoder_inputs(utterance, statistics))
    return model(mel, f0, voicing)[0].cpu().numpy()


def validation_metrics(model: Generator, held_out: Sequence[Utterance], statistics: Statistics, device: str) -> Metrics:
    """Measures copy synthesis: mel distance in dB, F0 correlation, and the frames that it is computed over.

    A buzz at the frame rate lowers the F0 correlation and no other figure.
    """
    distances, f0_pairs = [], []
    for one in held_out:
        generated = copy_synthesis(model, one, statistics, device)
        distances.append(100 * np.abs(mel_of_audio(generated) - one.mel.astype(np.float32)).mean())
        contours = f0_contour(generated), f0_contour(one.audio())
        both = contours[0].voiced & contours[1].voiced
        f0_pairs.append([contour.f0[both] for contour in contours])
    f0, target = np.concatenate(f0_pairs, axis=1)
    correlation = float(np.corrcoef(f0, target)[0, 1]) if len(f0) > 2 else 0.0
    return {"mel_db": float(np.mean(distances)), "f0_correlation": correlation, "voiced_frames": len(f0)}


if __name__ == "__main__":
    main()
