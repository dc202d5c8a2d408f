"""F0 and voicing of an NSF voice -> the inputs of its harmonic source, sample by sample."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.types import Floats
from server.voices.manifest import MeanDeviation, Range

VOICED_FROM = 0.6
LOWEST_F0 = 30.0
"""Hz, also where there is no voice (KAN-TTS denorm_f0)."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Where the source stands: an argument and a result of `HarmonicSource.advance`."""

    cycles: float
    """Of the fundamental, 0 to 1."""
    offsets: Floats
    """(1, harmonics): phases of the harmonics, radians; the fundamental's is 0."""
    noise: np.random.Generator | None
    """Drawn from in order, so that chunks of any size hear the same noise; None for silence."""


@dataclass(frozen=True, slots=True)
class HarmonicSource:
    """The phase is kept in 64 bits: in 32 it would drift, and depend on the chunks."""

    harmonics: int
    samples_per_frame: int
    rate: int
    f0: MeanDeviation | Range

    def start(self, *, noise: bool, seed: int = 0) -> Phase:
        generator = np.random.default_rng(seed)
        offsets = np.zeros((1, self.harmonics), np.float32)
        if noise:
            offsets[:, 1:] = generator.uniform(-np.pi, np.pi, self.harmonics - 1)
        return Phase(0.0, offsets, generator if noise else None)

    def advance(
        self, phase: Phase, f0: Floats, voicing: Floats, shift: NDArray[np.float64]
    ) -> tuple[dict[str, NDArray[Any]], Phase]:
        """`f0` (frames,) normalised, `voicing` (frames,): `phase`, `voiced` and `noise` (1, samples).

        `shift`, (frames,) or (1,), is a factor on F0, beyond what the acoustic model has done already. The phase runs
        on where it changes, so nothing clicks.
        """
        hertz = self.hertz(f0) * shift
        cycles = phase.cycles + np.cumsum(np.repeat(hertz, self.samples_per_frame)) / self.rate
        cycles %= 1
        count = len(cycles)
        noise = np.zeros(count, np.float32) if phase.noise is None else phase.noise.standard_normal(count, np.float32)
        voiced = np.repeat((voicing >= VOICED_FROM).astype(np.float32), self.samples_per_frame)
        inputs = {"phase": cycles.astype(np.float32)[None], "voiced": voiced[None], "noise": noise[None]}
        return inputs, replace(phase, cycles=float(cycles[-1]))

    def hertz(self, f0: Floats) -> NDArray[np.float64]:
        """(frames,): F0 as the model normalised it, in Hz."""
        exact = f0.astype(np.float64)
        match self.f0:
            case MeanDeviation(mean=mean, deviation=deviation):
                hertz = exact * deviation + mean
            case Range(minimum=low, maximum=high):
                hertz = exact * (high - low) + low
        return np.maximum(hertz, LOWEST_F0)
