"""Real-time factor of the whole engine, for each precision of a voice."""

import statistics
from dataclasses import dataclass, field

from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import RtfResult
from bench.results.synthesis_timing import SynthesisTiming
from bench.system.machine import matrix_product_gflops, normalised
from bench.voices.engine import Engine, EngineSettings
from bench.voices.texts import NEWS_TEXT
from bench.voices.voice import BenchmarkVoice
from server.runtime.cpu import available_cpus

_WARM_UP_CHARACTERS = 20


@dataclass(slots=True)
class _Series:
    """Repeats of one precision."""

    precision: str
    engine: Engine
    timings: list[SynthesisTiming] = field(default_factory=list)
    gflops: list[float] = field(default_factory=list)


def measure_rtf(
    voice: BenchmarkVoice, settings: EngineSettings, repeats: int, text: str = NEWS_TEXT
) -> list[RtfResult]:
    """Measures every precision `repeats` times.

    Precisions alternate, so that a change of the machine's speed affects all of them.
    """
    series = [_Series(precision, voice.open(settings, precision)) for precision in voice.precisions]
    for one in series:
        one.engine.speak(text[:_WARM_UP_CHARACTERS])
    rounds = [one for _ in range(repeats) for one in series]
    before = matrix_product_gflops()
    for one in track(rounds, f"{voice.name}: real-time factor"):
        one.timings.append(one.engine.speak(text))
        after = matrix_product_gflops()
        one.gflops.append((before + after) / 2)
        before = after
    return [_summarize(one) for one in series]


def _summarize(series: _Series) -> RtfResult:
    timings, gflops = series.timings, statistics.median(series.gflops)
    rtfs = [timing.rtf for timing in timings]
    cpu_rtfs = [timing.cpu_rtf for timing in timings if timing.cpu_rtf is not None]
    cpu_rtf = statistics.median(cpu_rtfs) if cpu_rtfs else None
    cpu_seconds, wall_seconds = sum(timing.cpu or 0.0 for timing in timings), sum(timing.wall for timing in timings)
    return RtfResult(
        precision=series.precision,
        rtf=statistics.median(rtfs),
        rtf_normalised=statistics.median(map(normalised, rtfs, series.gflops)),
        gflops=gflops,
        cpu_rtf=cpu_rtf,
        cpu_rtf_normalised=None if cpu_rtf is None else normalised(cpu_rtf, gflops),
        cpu_utilization=cpu_seconds / (wall_seconds * available_cpus()),
        audio_seconds=statistics.median(timing.audio for timing in timings),
        first_audio=Percentiles.of(timing.time_to_first_audio for timing in timings),
        provider=series.engine.provider,
        fallback=series.engine.fallback_reason,
    )
