"""The real-time factor of the whole engine, for each precision that a voice has."""

import statistics
from dataclasses import dataclass, field

from bench.measure.machine import matrix_gflops, normalised
from bench.measure.synthesis import Take, speak
from bench.report.percentiles import Percentiles
from bench.report.progress import steps
from bench.voices.texts import NEWS
from bench.voices.voices import Engine, Subject
from server.runtime.cpu import available_cpus
from server.synthesis.registry import VoiceRegistry
from server.synthesis.synthesizer import Synthesizer


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
    provider: str
    fallback: str | None


@dataclass(slots=True)
class _Entrant:
    """One precision, and how it did."""

    precision: str
    library: VoiceRegistry
    engine: Synthesizer
    takes: list[Take] = field(default_factory=list)
    gflops: list[float] = field(default_factory=list)


def speeds(subject: Subject, engine: Engine, repeat: int, text: str = NEWS) -> list[Speed]:
    """One result a precision. They take turns, so that a machine that changes its speed does so for all of them."""
    entrants = [_entrant(subject, engine, precision) for precision in subject.voice.precisions]
    for entrant in entrants:
        speak(entrant.engine, text[:20])
    rounds = [entrant for _ in range(repeat) for entrant in entrants]
    before = matrix_gflops()
    for entrant in steps(rounds, f"{subject.name}: real-time factor"):
        entrant.takes.append(speak(entrant.engine, text))
        after = matrix_gflops()
        entrant.gflops.append((before + after) / 2)
        before = after
    return [_speed(entrant) for entrant in entrants]


def _entrant(subject: Subject, engine: Engine, precision: str) -> _Entrant:
    library = subject.library(engine, precision)
    return _Entrant(precision, library, library.open(subject.name))


def _speed(entrant: _Entrant) -> Speed:
    takes, gflops = entrant.takes, statistics.median(entrant.gflops)
    cpu_factors = [take.cpu_factor for take in takes if take.cpu_factor is not None]
    cpu_factor = statistics.median(cpu_factors) if cpu_factors else None
    return Speed(
        precision=entrant.precision,
        rtf=statistics.median(take.factor for take in takes),
        rtf_normalised=statistics.median(map(normalised, [take.factor for take in takes], entrant.gflops)),
        gflops=gflops,
        cpu_rtf=cpu_factor,
        cpu_rtf_normalised=None if cpu_factor is None else normalised(cpu_factor, gflops),
        cpu_share=sum(take.cpu or 0.0 for take in takes) / (sum(take.wall for take in takes) * available_cpus()),
        sound=statistics.median(take.sound for take in takes),
        first_audio=Percentiles.of(take.first for take in takes),
        provider=entrant.library.runtime.provider,
        fallback=entrant.library.runtime.fallback_reason,
    )
