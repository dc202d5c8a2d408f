"""Repeated synthesis of the news text of 120 characters, the usual figure of such servers."""

import os
import statistics
from collections.abc import Callable

from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import NewsTextResult
from bench.results.synthesis_timing import SynthesisTiming
from bench.system.gpu import gpu_memory
from bench.system.process_usage import ProcessUsage, memory_peak, reset_memory_peak
from bench.voices.texts import NEWS_TEXT


def measure_news_text(
    title: str, target: str, speak: Callable[[str], SynthesisTiming], repeats: int, pid: int | None = None
) -> NewsTextResult:
    """Calls `speak` `repeats` times; the process `pid` synthesizes, None for this one."""
    reset_memory_peak(pid)
    started = ProcessUsage.of(pid)
    timings = [speak(NEWS_TEXT) for _ in track(range(repeats), f"{title}: news text, {target}")]
    usage = ProcessUsage.since(started, pid)
    wall_times = [timing.wall for timing in timings]
    return NewsTextResult(
        target=target,
        characters=len(NEWS_TEXT),
        repeats=repeats,
        mean=statistics.mean(wall_times),
        deviation=statistics.stdev(wall_times) if repeats > 1 else 0.0,
        audio_seconds=statistics.mean(timing.audio for timing in timings),
        rtf=sum(wall_times) / sum(timing.audio for timing in timings),
        first_audio=Percentiles.of(timing.time_to_first_audio for timing in timings),
        cpu_utilization=usage.utilization,
        memory_peak=memory_peak(pid),
        gpu_memory=gpu_memory(pid or os.getpid()),
    )
