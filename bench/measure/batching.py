"""Throughput gain of batching: the same sentence in 1 to 32 streams that share every graph run."""

from collections.abc import Sequence

from bench.progress import track
from bench.results.schema import BatchingResult
from bench.voices.engine import EngineSettings
from bench.voices.voice import BenchmarkVoice

TEXT = "今天天气很好。"
STREAM_COUNTS = (1, 2, 4, 8, 16, 32)


def measure_batching(
    voice: BenchmarkVoice, settings: EngineSettings, repeats: int, stream_counts: Sequence[int] = STREAM_COUNTS
) -> list[BatchingResult]:
    """Measures each number of streams `repeats` times; the fastest run counts."""
    engine = voice.open(settings)
    rounds = [streams for _ in range(repeats) for streams in (1, *stream_counts)]
    best: dict[int, tuple[float, float]] = {}
    for streams in track(rounds, f"{voice.name}: batching"):
        acoustic, vocoder = engine.batched_cpu_rtf(TEXT, streams)
        best_acoustic, best_vocoder = best.get(streams, (acoustic, vocoder))
        best[streams] = min(acoustic, best_acoustic), min(vocoder, best_vocoder)
    return [
        BatchingResult(streams, *best[streams], best[1][0] / best[streams][0], best[1][1] / best[streams][1])
        for streams in stream_counts
    ]
