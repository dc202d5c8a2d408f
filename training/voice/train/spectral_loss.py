"""The vocoder's loss: a multi-resolution STFT loss with a mel term."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.voice.analysis.features import (
    FFT_SIZE,
    FLOOR_DB,
    HOP_LENGTH,
    REFERENCE_DB,
    WINDOW_LENGTH,
    mel_filter_bank,
)

RESOLUTIONS = ((2048, 170, 1000), (512, 60, 240), (128, 20, 64))
"""FFT size, hop, window. The large hops do not divide the frame hop of 200: a loss in step with the frames is blind to
a buzz at their rate."""
MIN_MAGNITUDE = 1e-5
MEL_WEIGHT, MIN_MEL = 12.0, 3e-4
"""Below the minimum there is only dither."""


def spectral_loss(generated: Tensor, reference: Tensor) -> Tensor:
    """(b, n) each -> the mean over resolutions of spectral convergence, L1 of log magnitudes, and L1 of log mels.

    The mel term weighs what evaluation measures: in mels single harmonics are resolved below 1 kHz only.
    """
    total = generated.new_zeros(())
    for fft_size, hop, window in RESOLUTIONS:
        predicted, target = (_magnitudes(x, fft_size, hop, window) for x in (generated, reference))
        convergence = (target - predicted).norm(dim=(1, 2)) / target.norm(dim=(1, 2)).clamp(min=0.1)
        total = total + convergence.mean() + F.l1_loss(predicted.log(), target.log())
        if fft_size == FFT_SIZE:
            filters = torch.from_numpy(mel_filter_bank()).to(generated)
            mels = ((x.mT @ filters).clamp(min=MIN_MEL).log() for x in (predicted, target))
            total = total + MEL_WEIGHT * F.l1_loss(*mels)
    return total / len(RESOLUTIONS)


def differentiable_mels(samples: Tensor) -> Tensor:
    """(b, n) -> (b, n // 200, 80): what `features.mel_of_audio` computes, for backpropagation."""
    magnitudes = _magnitudes(samples, FFT_SIZE, HOP_LENGTH, WINDOW_LENGTH, padding="constant")
    magnitudes = magnitudes[..., : samples.shape[1] // HOP_LENGTH]
    filters = torch.from_numpy(mel_filter_bank()).to(magnitudes)
    decibels = 20 * (magnitudes.mT @ filters).clamp(min=MIN_MAGNITUDE).log10() - REFERENCE_DB
    return ((decibels - FLOOR_DB) / -FLOOR_DB).clamp(0, 1)


def _magnitudes(x: Tensor, fft_size: int, hop: int, window: int, padding: str = "reflect") -> Tensor:
    shape = torch.hann_window(window, device=x.device)
    spectrum = torch.stft(x, fft_size, hop, window, shape, pad_mode=padding, return_complex=True)
    return (spectrum.real**2 + spectrum.imag**2 + MIN_MAGNITUDE**2).sqrt()
