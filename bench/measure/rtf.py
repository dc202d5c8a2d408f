"""Real-time factor of the whole engine, for each precision of a voice."""

from collections.abc import Sequence
from statistics import median

from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import RtfResult
from bench.results.synthesis_timing import SynthesisTiming
from bench.system.machine import matrix_product_gflops, normalize_rtf
from bench.voices.engine import Engine, EngineSettings
from bench.voices.texts import NEWS_TEXT
from bench.voices.voice import BenchmarkVoice
from server.runtime.cpu import available_cpus

_WARM_UP_CHARACTERS = 20


def measure_rtf(
    voice: BenchmarkVoice, settings: EngineSettings, repeats: int, text: str = NEWS_TEXT
) -> list[RtfResult]:
    """Measures every precision `repeats` times.

    Precisions alternate, so that a change of the machine's speed affects all of them.
    """
    engines = {precision: voice.open(settings, precision) for precision in voice.precisions}
    for engine in engines.values():
        engine.speak(text[:_WARM_UP_CHARACTERS])
    timings: dict[str, list[SynthesisTiming]] = {precision: [] for precision in engines}
    gflops: dict[str, list[float]] = {precision: [] for precision in engines}
    before = matrix_product_gflops()
    for precision in track([*engines] * repeats, f"{voice.name}: real-time factor"):
        timings[precision].append(engines[precision].speak(text))
        after = matrix_product_gflops()
        gflops[precision].append((before + after) / 2)
        before = after
    return [_summarize(name, engine, timings[name], gflops[name]) for name, engine in engines.items()]


def _summarize(
    precision: str, engine: Engine, timings: Sequence[SynthesisTiming], gflops: Sequence[float]
) -> RtfResult:
    rtfs = [timing.rtf for timing in timings]
    cpu_rtf = median(timing.cpu_rtf for timing in timings)
    wall_seconds = sum(timing.wall for timing in timings)
    return RtfResult(
        precision=precision,
        rtf=median(rtfs),
        rtf_normalized=median(map(normalize_rtf, rtfs, gflops)),
        gflops=median(gflops),
        cpu_rtf=cpu_rtf,
        cpu_rtf_normalized=normalize_rtf(cpu_rtf, median(gflops)),
        cpu_utilization=sum(timing.cpu for timing in timings) / (wall_seconds * available_cpus()),
        audio_seconds=median(timing.audio for timing in timings),
        first_audio=Percentiles.of(timing.time_to_first_audio for timing in timings),
        provider=engine.runtime.provider,
        fallback=engine.runtime.fallback_reason,
    )
