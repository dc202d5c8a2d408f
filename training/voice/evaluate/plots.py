"""Plots spectrograms with F0 contours, one above the other."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from training.voice.analysis.f0 import f0_contour
from training.voice.analysis.features import FRAME_RATE, SAMPLE_RATE, magnitude_spectrogram

matplotlib.use("agg")
from matplotlib import pyplot


def plot_spectrograms(signals: Mapping[str, NDArray[np.float32]], title: str, path: Path) -> None:
    """Writes a PNG with one spectrogram per named signal."""
    figure, axes = pyplot.subplots(len(signals), 1, figsize=(14, 3.2 * len(signals)), constrained_layout=True)
    figure.suptitle(title)
    for axis, (name, samples) in zip(axes, signals.items(), strict=True):
        decibels = 20 * np.log10(magnitude_spectrogram(samples) + 1e-4)
        seconds = len(samples) / SAMPLE_RATE
        placement = {"origin": "lower", "aspect": "auto", "extent": (0, seconds, 0, 8)}
        axis.imshow(decibels.T, **placement, vmin=-60, vmax=30, cmap="magma")
        axis.set_ylabel("kHz")
        axis.set_title(name, loc="left")
        contour = f0_contour(samples)
        f0 = np.where(contour.voiced, contour.f0, np.nan)
        f0_axis = axis.twinx()
        f0_axis.plot((np.arange(len(f0)) + 0.5) / FRAME_RATE, f0, color="cyan", linewidth=1.5)
        f0_axis.set_ylim(0, 400)
        f0_axis.set_ylabel("F0, Hz")
    figure.savefig(path, dpi=70)
    pyplot.close(figure)
