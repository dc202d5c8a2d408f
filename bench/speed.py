"""The real-time factor of the whole engine, for each precision that a voice has."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.machine import matrix_gflops, normalised
from bench.percentiles import Percentiles
from bench.process import Usage, forget_peak, memory_peak
from bench.progress import steps
from bench.take import Take, speak
from bench.texts import NEWS
from bench.voices import Engine, Subject
from server.cpus import available_cpus


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians over the repeats; the matrix product was measured beside each of them."""

    precision: str
    rtf: float
    rtf_normalised: float
    gflops: float
    cpu_rtf: float | None
    """CPU seconds for a second of sound: what other work on the machine disturbs least."""
    cpu_rtf_normalised: float | None
    cpu_share: float
    """Of all cores that the process may use."""
    sound: float
    """Seconds, of the text."""
    first_audio: Percentiles
    """seconds"""
    memory_peak: float | None
    """MiB of this process, whatever it holds besides the voice."""
    provider: str
    fallback: str | None


def speeds(subject: Subject, engine: Engine, repeat: int, text: str = NEWS) -> list[Speed]:
    """One result a precision."""
    return [_speed(subject, engine, precision, repeat, text) for precision in subject.precisions]


def _speed(subject: Subject, engine: Engine, precision: str, repeat: int, text: str) -> Speed:
    forget_peak()
    library = subject.library(engine, precision)
    synthesizer = library.open(subject.name)
    speak(synthesizer, text[:20])
    takes: list[Take] = []
    shares, products = [], [matrix_gflops()]
    for _ in steps(range(repeat), f"{subject.name}: real-time factor, {precision}"):
        began = Usage.of()
        takes.append(speak(synthesizer, text))
        shares.append(Usage.of().share_since(began, available_cpus()))
        products.append(matrix_gflops())
    beside = [(before + after) / 2 for before, after in pairwise(products)]
    cpu_factor = median([take.cpu_factor for take in takes])
    return Speed(
        precision=precision,
        rtf=statistics.median(take.factor for take in takes),
        rtf_normalised=statistics.median(map(normalised, [take.factor for take in takes], beside)),
        gflops=statistics.median(beside),
        cpu_rtf=cpu_factor,
        cpu_rtf_normalised=None if cpu_factor is None else normalised(cpu_factor, statistics.median(beside)),
        cpu_share=median(shares) or 0.0,
        sound=statistics.median(take.sound for take in takes),
        first_audio=Percentiles.of(take.first for take in takes),
        memory_peak=memory_peak(),
        provider=library.runtime.provider,
        fallback=library.runtime.fallback,
    )


def median(values: Sequence[float | None]) -> float | None:
    """Of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
