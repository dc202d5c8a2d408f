"""What can be measured of speech without listening to it."""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray
from scipy.fft import dct

from training.voice import features
from training.voice.features import HOP, RATE

CEPSTRA = 13
FRAME_RATE = RATE / HOP
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contour:
    f0: Floats
    """Hz, (frames,)"""
    voiced: NDArray[np.bool_]

    @property
    def mean(self) -> float:
        return float(self.f0[self.voiced].mean()) if self.voiced.any() else float("nan")

    @property
    def range(self) -> float:
        """Semitones between the lowest and the highest tenth."""
        if not self.voiced.any():
            return float("nan")
        low, high = np.percentile(self.f0[self.voiced], (10, 90))
        return float(12 * np.log2(high / low))


def contour(samples: Floats) -> Contour:
    """As the tracker hears it by itself, with its own doubts: for judging, unlike for teaching, they are welcome."""
    exact = samples.astype(np.float64)
    f0, times = pyworld.dio(exact, RATE, f0_floor=50.0, f0_ceil=350.0, frame_period=1000 / FRAME_RATE)
    f0 = pyworld.stonemask(exact, f0, times, RATE)[: len(samples) // HOP]
    return Contour(f0.astype(np.float32), f0 > 0)


def mel_cepstral_distortion(made: Floats, wanted: Floats) -> float:
    """dB between mels (frames, 80) as `features.mel` makes them, frame by frame."""
    ours, theirs = (dct((mel * 100 - 80) * np.log(10) / 20, norm="ortho")[:, 1 : CEPSTRA + 1] for mel in (made, wanted))
    return float(np.mean(10 / np.log(10) * np.sqrt(2 * ((ours - theirs) ** 2).sum(1)) / np.sqrt(40)))


def buzz(samples: Floats, voiced: NDArray[np.bool_]) -> float:
    """dB by which multiples of the frame rate stand out of their neighbourhood, from 0.4 to 6 kHz; speech has none."""
    spectra = features.magnitudes(samples)[: len(voiced)][voiced[: len(samples) // HOP]]
    power = np.log10((spectra**2).mean(0) + 1e-12) * 10
    bins = np.arange(len(power)) * RATE / features.POINTS
    lines = [np.abs(bins - multiple).argmin() for multiple in np.arange(5, 75) * FRAME_RATE]
    return float(np.mean([power[line] - np.median(power[line - 4 : line + 5]) for line in lines]))


def quiet(samples: Floats, silent: NDArray[np.bool_]) -> float:
    """dBFS: the loudest tenth of the frames that should be silent, leaving out those next to sound."""
    inside = silent & np.roll(silent, 2) & np.roll(silent, -2) & np.roll(silent, 3) & np.roll(silent, -3)
    frames = samples[: len(silent) * HOP].reshape(-1, HOP)[inside]
    if not len(frames):
        return float("nan")
    return float(20 * np.log10(np.percentile(np.sqrt((frames**2).mean(1)), 90) + 1e-9))


def clipped(samples: Floats) -> int:
    return int((np.abs(samples) > 0.999).sum())


def largest_click(samples: Floats) -> float:
    """The largest jump of the signal's slope relative to the loudness around it."""
    jumps = np.abs(np.diff(samples, 2))
    around = np.sqrt(np.convolve(samples**2, np.ones(400) / 400, mode="same"))[1:-1]
    return float((jumps / (around + 0.01)).max())
