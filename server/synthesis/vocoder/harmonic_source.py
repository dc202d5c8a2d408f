"""F0 and voicing of an NSF voice -> the inputs of its harmonic source, sample by sample."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.synthesis.acoustic.contours import to_hertz
from server.synthesis.vocoder.pitch_change import PitchChange
from server.types import Floats
from server.voices.manifest import MeanDeviation, Range

VOICING_THRESHOLD = 0.6


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of the source between two chunks: an argument and a result of `HarmonicSource.advance`."""

    cycles: float
    """Phase of the fundamental, 0 to 1."""
    harmonic_phases: Floats
    """(1, harmonics): initial phases, radians; the fundamental's is 0."""
    noise: np.random.Generator | None
    """Drawn from in order, so that the noise does not depend on the chunk sizes; None for no noise."""


@dataclass(frozen=True, slots=True)
class HarmonicSource:
    """Integrates F0 to a phase, in 64 bits: in 32 bits it would drift, and depend on the chunk sizes."""

    harmonics: int
    samples_per_frame: int
    rate: int
    f0: MeanDeviation | Range

    def start(self, *, noise: bool, seed: int = 0) -> SourceState:
        """The state before the first sample. Without `noise`, the harmonics' phases are zero as well."""
        generator = np.random.default_rng(seed)
        phases = np.zeros((1, self.harmonics), np.float32)
        if noise:
            phases[:, 1:] = generator.uniform(-np.pi, np.pi, self.harmonics - 1)
        return SourceState(0.0, phases, generator if noise else None)

    def advance(
        self, state: SourceState, f0: Floats, voicing: Floats, pitch: PitchChange
    ) -> tuple[dict[str, NDArray[Any]], SourceState]:
        """`f0` (frames,) normalized, `voicing` (frames,) -> `phase`, `voiced` and `noise`, each (1, samples).

        The phase is continuous where `pitch` changes, so there is no click.
        """
        hertz = pitch.apply(to_hertz(f0, self.f0))
        cycles = state.cycles + np.cumsum(np.repeat(hertz, self.samples_per_frame)) / self.rate
        cycles %= 1
        count = len(cycles)
        noise = np.zeros(count, np.float32) if state.noise is None else state.noise.standard_normal(count, np.float32)
        voiced = np.repeat((voicing >= VOICING_THRESHOLD).astype(np.float32), self.samples_per_frame)
        inputs = {"phase": cycles.astype(np.float32)[None], "voiced": voiced[None], "noise": noise[None]}
        return inputs, replace(state, cycles=float(cycles[-1]))
