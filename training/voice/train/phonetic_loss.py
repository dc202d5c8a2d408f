"""The phonetic loss: how differently a phone recognizer hears generated and recorded speech.

Spectral losses weigh all of the spectrum alike, so a vocoder blurs the bursts and transitions that tell one stop from
another. Here a trained recognizer that is frozen hears both, and its hidden features and frame posteriors are compared
(a perceptual loss, as in speech enhancement). It must not be the recognizer that evaluates the voice:
`training/voice/recognizers/phonetic.npz` is another, with `--seed 31`.
"""

from argparse import ArgumentParser
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.voice.train.recognizer_weights import load_recognizer


def add_phonetic_loss(parser: ArgumentParser) -> None:
    """Adds the option `--phonetic-loss`."""
    parser.add_argument(
        "--phonetic-loss",
        type=Path,
        metavar="RECOGNIZER",
        help="folder or file of a trained recognizer, not the one that evaluates: add the loss of its features; "
        "default: none",
    )


class PhoneticLoss:
    """The loss of one frozen recognizer."""

    def __init__(self, recognizer: Path, device: str) -> None:
        self._recognizer = load_recognizer(recognizer).requires_grad_(False).to(device)

    def __call__(self, generated: Tensor, recorded: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Returns the loss of mels (b, t, 80), not normalized, of which `lengths` (b,) frames count; None: all.

        It is the relative L1 distance of the features of each block, plus the divergence of the frame posteriors.
        """
        if lengths is None:
            lengths = torch.full((len(generated),), generated.shape[1], device=generated.device)
        generated, recorded = map(self._recognizer.normalize, (generated, recorded))
        with torch.no_grad():
            target, mask = self._recognizer.hidden(recorded, lengths)
        heard, _ = self._recognizer.hidden(generated, lengths)
        counted = mask[:, None].float()
        distances = [
            ((one - other).abs() * counted).sum() / (other.abs() * counted).sum().clamp(min=1e-3)
            for one, other in zip(heard, target, strict=True)
        ]
        with torch.no_grad():
            posteriors = self._recognizer.frame_head(target[-1].mT).float().softmax(-1)
        logarithms = self._recognizer.frame_head(heard[-1].mT).float().log_softmax(-1)
        divergence = F.kl_div(logarithms, posteriors, reduction="none").sum(-1)
        return torch.stack(distances).mean() + (divergence * mask).sum() / mask.sum()
