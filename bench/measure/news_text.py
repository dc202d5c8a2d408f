"""The test by which such servers are usually quoted: one news text of 120 characters, a hundred times in a row."""

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.measure.gpu import gpu_memory
from bench.measure.process import Usage, forget_peak, memory_peak
from bench.measure.synthesis import Take
from bench.report.percentiles import Percentiles
from bench.report.progress import steps
from bench.voices.texts import NEWS
from server.runtime.cpu import available_cpus


@dataclass(frozen=True, slots=True)
class Quoted:
    """Times of the whole text in seconds; of CPU and memory, those of the process that speaks."""

    way: str
    characters: int
    repeats: int
    mean: float
    deviation: float
    sound: float
    """Mean length, seconds."""
    rtf: float
    """All the time over all the sound."""
    first_audio: Percentiles
    cpu_share: float | None
    memory_peak: float | None
    gpu_memory: float | None
    """MiB, at the end; ONNX Runtime's arena does not shrink."""


def quoted(title: str, way: str, speak: Callable[[str], Take], repeat: int, pid: int | None = None) -> Quoted:
    """`speak` is done by the process `pid`, None for this one."""
    forget_peak(pid)
    began = Usage.of(pid)
    takes = [speak(NEWS) for _ in steps(range(repeat), f"{title}: news text, {way}")]
    share = Usage.of(pid).share_since(began, available_cpus())
    times = [take.wall for take in takes]
    return Quoted(
        way=way,
        characters=len(NEWS),
        repeats=repeat,
        mean=statistics.mean(times),
        deviation=statistics.stdev(times) if repeat > 1 else 0.0,
        sound=statistics.mean(take.sound for take in takes),
        rtf=sum(times) / sum(take.sound for take in takes),
        first_audio=Percentiles.of(take.first for take in takes),
        cpu_share=share,
        memory_peak=memory_peak(pid),
        gpu_memory=gpu_memory(pid or os.getpid()),
    )
