"""Formants by linear prediction, and the length of the vocal tract from their spacing.

A uniform tube that is closed at one end resonates at (n - 1/2) d, with d = c / (2 L): d is inversely proportional to
the length. It is fitted to the first three formants (Reby and McComb, 2003). Which poles of the prediction these are
depends on d itself: with a longer tract the fourth formant is where the third one of a shorter tract is. So all d are
tried, and the one is taken for which most frames have three formants below 3 d, and whose fit agrees with it.
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
LOWEST = 200.0
"""Hz, of a formant."""
BROADEST = 400.0
"""Hz, the bandwidth from which a pole is no formant."""
PLACES = np.array([0.5, 1.5, 2.5])
"""Of the formants of a uniform tube, in units of their spacing."""
SPACINGS = np.geomspace(800, 1500, 40)
"""Hz: tracts from 12 to 22 cm."""
AVERAGE_SPACING = 1100.0
"""Hz, of an average adult: a tract of 16 cm at 350 m/s."""
MISSING_COST = 0.15
"""Of frames without three formants, where a fit that differs from d by 1 % costs 0.01."""
FEWEST = 10
"""Frames, for a median."""
STEP = 2
"""One of so many voiced frames is used: the vocal tract changes slowly."""


def tract_scale(audio: Audio, voiced: Flags) -> float | None:
    """The length of the vocal tract, relative to that of an average adult; None with too few voiced frames."""
    used = np.flatnonzero(voiced)[::STEP]
    if len(used) < FEWEST:
        return None
    found = formants(audio, used)
    fits = [fit for spacing in SPACINGS if (fit := _fit(found, spacing))]
    return AVERAGE_SPACING / min(fits)[1] if fits else None


def formants(audio: Audio, used: NDArray[np.integer]) -> NDArray[np.float64]:
    """(used frames, ORDER): the frequencies of formants in Hz, ascending, followed by NaN."""
    signal = np.array(frames(audio)[used], np.float64)
    signal[:, 1:] -= EMPHASIS * signal[:, :-1].copy()
    poles = _poles(_prediction(signal * np.hamming(LENGTH)))
    frequency = np.angle(poles) * (RATE / (2 * np.pi))
    bandwidth = -np.log(np.maximum(np.abs(poles), 1e-9)) * (RATE / np.pi)
    return np.sort(np.where((frequency > LOWEST) & (bandwidth < BROADEST), frequency, np.nan), axis=1)


def _fit(found: NDArray[np.float64], spacing: float) -> tuple[float, float] | None:
    """The cost of a spacing, and the spacing of the formants below 3 times it; None with too few of them."""
    has_three = (found < len(PLACES) * spacing).sum(axis=1) == len(PLACES)
    if has_three.sum() < FEWEST:
        return None
    fitted = float(np.median(found[has_three, : len(PLACES)] @ PLACES / (PLACES @ PLACES)))
    return abs(np.log(fitted / spacing)) + MISSING_COST * (1 - has_three.mean()), fitted


def _prediction(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """(frames, ORDER + 1): the polynomials 1 + a1 z + ..., by the autocorrelation method (Levinson and Durbin)."""
    lags = np.fft.irfft(np.abs(np.fft.rfft(signal, 2 * LENGTH)) ** 2)[:, : ORDER + 1]
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
