"""How far generated audio is from recorded audio: magnitudes of spectra at several resolutions."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.voice.features import POINTS, filters

RESOLUTIONS = ((2048, 170, 1000), (512, 60, 240), (128, 20, 64))
"""Points, hop, window. None of the hops divides the frame hop of 200: a loss that steps with the frames cannot hear a
buzz at their rate."""
FLOOR = 1e-5
MEL_WEIGHT, MEL_FLOOR = 3.0, 3e-4
"""Below the floor there is only the dither."""


def distance(made: Tensor, wanted: Tensor) -> Tensor:
    """(b, n) each -> the mean over resolutions: spectral convergence, L1 distance of log magnitudes, and of mels.

    Whoever judges speech looks at mels, where single harmonics show below 1 kHz only.
    """
    total = made.new_zeros(())
    for points, hop, window in RESOLUTIONS:
        ours, theirs = (_magnitudes(x, points, hop, window) for x in (made, wanted))
        convergence = (theirs - ours).norm(dim=(1, 2)) / theirs.norm(dim=(1, 2)).clamp(min=0.1)
        total = total + convergence.mean() + F.l1_loss(ours.log(), theirs.log())
        if points == POINTS:
            bank = torch.from_numpy(filters()).to(made)
            mels = ((x.mT @ bank).clamp(min=MEL_FLOOR).log() for x in (ours, theirs))
            total = total + MEL_WEIGHT * F.l1_loss(*mels)
    return total / len(RESOLUTIONS)


def _magnitudes(x: Tensor, points: int, hop: int, window: int) -> Tensor:
    shape = torch.hann_window(window, device=x.device)
    spectrum = torch.stft(x, points, hop, window, shape, return_complex=True)
    return (spectrum.real**2 + spectrum.imag**2 + FLOOR**2).sqrt()
