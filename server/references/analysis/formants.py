"""Formants by linear prediction, and the length of the vocal tract from their spacing.

A uniform tube that is closed at one end resonates at (n - 1/2) d, with d = c / (2 L). d is fitted to the formants
of each voiced frame (Reby and McComb, 2003); its median over the recording is inversely proportional to the length.
"""

import numpy as np
from numpy.typing import NDArray

from server.references.analysis.frames import LENGTH, frames
from server.references.analysis.pauses import Flags
from server.references.recording import RATE
from server.types import Audio

ORDER = 18
"""Of the prediction: a pair of poles for each kHz, and two for the slope of the spectrum."""
EMPHASIS = 0.97
LOWEST, HIGHEST = 200.0, 5500.0
"""Hz, of a formant."""
BROADEST = 500.0
"""Hz, the bandwidth from which a pole is no formant."""
COUNT = 4
AVERAGE_SPACING = 1080.0
"""Hz, between the formants of an average adult (a tract of 16.2 cm at 350 m/s)."""
FEWEST = 10
"""Frames, for a median."""

Formants = NDArray[np.float64]


def tract_scale(audio: Audio, voiced: Flags) -> float | None:
    """The length of the vocal tract, relative to that of an average adult; None with too few voiced frames."""
    found = formants(audio, voiced)
    found = found[~np.isnan(found).any(axis=1)]
    if len(found) < FEWEST:
        return None
    places = np.arange(COUNT) + 0.5
    spacing = found @ places / (places @ places)
    return float(AVERAGE_SPACING / np.median(spacing))


def formants(audio: Audio, voiced: Flags) -> Formants:
    """(voiced frames, COUNT): Hz, ascending; NaN where a frame has fewer."""
    signal = np.array(frames(audio)[voiced], np.float64)
    signal[:, 1:] -= EMPHASIS * signal[:, :-1].copy()
    poles = _poles(_prediction(signal * np.hamming(LENGTH)))
    frequency = np.angle(poles) * (RATE / (2 * np.pi))
    bandwidth = -np.log(np.maximum(np.abs(poles), 1e-9)) * (RATE / np.pi)
    is_formant = (frequency > LOWEST) & (frequency < HIGHEST) & (bandwidth < BROADEST)
    found = np.sort(np.where(is_formant, frequency, np.nan), axis=1)  # NaN comes last
    return found[:, :COUNT]


def _prediction(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """(frames, ORDER + 1): the polynomials 1 - a1 z - ..., by the autocorrelation method (Levinson and Durbin)."""
    spectrum = np.abs(np.fft.rfft(signal, 2 * LENGTH)) ** 2
    lags = np.fft.irfft(spectrum)[:, : ORDER + 1]
    error = lags[:, 0] * (1 + 1e-9) + 1e-12
    polynomial = np.zeros_like(lags)
    polynomial[:, 0] = 1
    for order in range(1, ORDER + 1):
        reflection = -np.einsum("fk,fk->f", polynomial[:, :order], lags[:, order:0:-1]) / error
        polynomial[:, 1 : order + 1] += reflection[:, None] * polynomial[:, order - 1 :: -1][:, :order]
        error = error * (1 - reflection**2)
    return polynomial


def _poles(polynomials: NDArray[np.float64]) -> NDArray[np.complex128]:
    """(frames, ORDER): the zeros of each polynomial, as eigenvalues of its companion matrix."""
    companion = np.zeros((len(polynomials), ORDER, ORDER))
    companion[:, 0] = -polynomials[:, 1:]
    companion[:, np.arange(1, ORDER), np.arange(ORDER - 1)] = 1
    return np.asarray(np.linalg.eigvals(companion), np.complex128)
