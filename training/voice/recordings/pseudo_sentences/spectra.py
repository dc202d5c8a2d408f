"""The spectral analysis of a recorded word."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Spectra:
    """WORLD's analysis of one word, by frames of 5 ms."""

    envelope: NDArray[np.float32]
    """(frames, bins): power"""
    aperiodicity: NDArray[np.float32]
    """(frames, bins)"""
    voiced: NDArray[np.bool_]
    """(frames,)"""
