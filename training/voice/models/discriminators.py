"""Discriminators for the vocoder's adversarial stage: small ones over periods of samples and over spectra.

Sources: HiFi-GAN (period discriminators, feature matching), UnivNet (discriminators of magnitude spectra).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import weight_norm

PERIODS = (2, 3, 5, 7)
PERIOD_CHANNELS = (16, 48, 96, 128)
RESOLUTIONS = ((512, 128, 512), (256, 64, 256))
"""FFT size, hop, window."""
SPECTRUM_CHANNELS = (24, 24, 24, 24)
LEAKY_SLOPE = 0.1
Features = list[Tensor]
"""The outputs of a discriminator's layers; the last one is its judgment, 1 for recorded speech."""


class PeriodDiscriminator(nn.Module):
    """Judges every `period`th sample."""

    def __init__(self, period: int) -> None:
        super().__init__()
        self.period = period
        sizes = (1, *PERIOD_CHANNELS)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, (5, 1), (3, 1), (2, 0))) for before, after in pairwise(sizes)
        )
        self.judgment = nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, samples: Tensor) -> Features:
        """(b, n) -> features."""
        whole = samples.shape[1] // self.period * self.period
        return _features(samples[:, :whole].view(len(samples), 1, -1, self.period), self.layers, self.judgment)


class SpectrumDiscriminator(nn.Module):
    """Judges the logarithm of the magnitude spectrum."""

    def __init__(self, fft_size: int, hop: int, window: int) -> None:
        super().__init__()
        self.fft_size, self.hop, self.window = fft_size, hop, window
        sizes = (1, *SPECTRUM_CHANNELS)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, (3, 5), (1, 2 if index else 1), (1, 2)))
            for index, (before, after) in enumerate(pairwise(sizes))
        )
        self.judgment = nn.Conv2d(sizes[-1], 1, 3, padding=1)

    def forward(self, samples: Tensor) -> Features:
        """(b, n) -> features."""
        shape = torch.hann_window(self.window, device=samples.device)
        spectrum = torch.stft(samples, self.fft_size, self.hop, self.window, shape, return_complex=True)
        power = spectrum.real**2 + spectrum.imag**2
        return _features((power + 1e-8).log()[:, None].mT / 6, self.layers, self.judgment)


class Discriminators(nn.Module):
    """All discriminators."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            [*map(PeriodDiscriminator, PERIODS), *(SpectrumDiscriminator(*each) for each in RESOLUTIONS)]
        )

    def forward(self, samples: Tensor) -> list[Features]:
        """(b, n) -> the features of each discriminator."""
        return [part(samples) for part in self.parts]


def discriminator_loss(recorded: list[Features], generated: list[Features]) -> Tensor:
    """Returns the least-squares loss of the discriminators."""
    terms = [
        ((1 - real[-1]) ** 2).mean() + (false[-1] ** 2).mean() for real, false in zip(recorded, generated, strict=True)
    ]
    return torch.stack(terms).sum()


def generator_losses(recorded: list[Features], generated: list[Features]) -> tuple[Tensor, Tensor]:
    """Returns the adversarial loss of the generator and the distance of the features."""
    adversarial = torch.stack([((1 - false[-1]) ** 2).mean() for false in generated]).sum()
    pairs = (
        (layer, target)
        for real, false in zip(recorded, generated, strict=True)
        for layer, target in zip(false[:-1], real[:-1], strict=True)
    )
    return adversarial, torch.stack([F.l1_loss(layer, target.detach()) for layer, target in pairs]).sum()


def _features(x: Tensor, layers: nn.ModuleList, judgment: nn.Module) -> Features:
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), LEAKY_SLOPE)
        features.append(x)
    return [*features, judgment(x)]
