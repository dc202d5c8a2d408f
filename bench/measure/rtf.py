"""Real-time factor of the whole engine, for each precision of a voice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class TimedSpeech:
    """What one speaker has spoken, again and again."""

    timings: list[SynthesisTiming] = field(default_factory=list)
    gflops: list[float] = field(default_factory=list)
    """Of the core, before and after each one."""

    @property
    def cpu_rtf(self) -> float:
        """The median."""
        return median(timing.cpu_rtf for timing in self.timings)


def measure_rtf(
    voice: BenchmarkVoice, settings: EngineSettings, repeats: int, text: str = NEWS_TEXT
) -> list[RtfResult]:
    """Measures every precision `repeats` times."""
    engines = {precision: voice.open(settings, precision) for precision in voice.precisions}
    speakers = {precision: engine.speak for precision, engine in engines.items()}
    speech = speak_in_turns(speakers, text, repeats, f"{voice.name}: real-time factor")
    return [_summarize(name, engine, speech[name].timings, speech[name].gflops) for name, engine in engines.items()]


def speak_in_turns(
    speakers: Mapping[str, Callable[[str], SynthesisTiming]], text: str, repeats: int, title: str
) -> dict[str, TimedSpeech]:
    """Lets each speaker speak the text `repeats` times.

    They alternate, so that a change of the machine's speed affects all of them.
    """
    for speak in speakers.values():
        speak(text[:_WARM_UP_CHARACTERS])
    speech = {name: TimedSpeech() for name in speakers}
    before = matrix_product_gflops()
    for name in track([*speakers] * repeats, title):
        speech[name].timings.append(speakers[name](text))
        after = matrix_product_gflops()
        speech[name].gflops.append((before + after) / 2)
        before = after
    return speech


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
