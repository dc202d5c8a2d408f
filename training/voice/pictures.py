"""Spectrograms with F0, side by side."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from training.voice import features, measures

matplotlib.use("agg")
from matplotlib import pyplot


def draw(sounds: Mapping[str, NDArray[np.float32]], title: str, path: Path) -> None:
    figure, axes = pyplot.subplots(len(sounds), 1, figsize=(14, 3.2 * len(sounds)), constrained_layout=True)
    figure.suptitle(title)
    for axis, (name, samples) in zip(axes, sounds.items(), strict=True):
        spectrum = 20 * np.log10(features.magnitudes(samples) + 1e-4)
        seconds = len(samples) / features.RATE
        shape = {"origin": "lower", "aspect": "auto", "extent": (0, seconds, 0, 8)}
        axis.imshow(spectrum.T, **shape, vmin=-60, vmax=30, cmap="magma")
        axis.set_ylabel("kHz")
        axis.set_title(name, loc="left")
        melody = measures.contour(samples)
        f0 = np.where(melody.voiced, melody.f0, np.nan)
        above = axis.twinx()
        above.plot((np.arange(len(f0)) + 0.5) / measures.FRAME_RATE, f0, color="cyan", linewidth=1.5)
        above.set_ylim(0, 400)
        above.set_ylabel("F0, Hz")
    figure.savefig(path, dpi=70)
    pyplot.close(figure)
