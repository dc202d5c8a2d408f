"""Time to first audio by text length.

Compare ratios within one run, not times of two runs: machines differ, and other work slows them down.
"""

from collections.abc import Sequence

from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import LatencyResult
from bench.voices.engine import EngineSettings
from bench.voices.texts import TEXT_PATTERNS, text_of_length
from bench.voices.voice import BenchmarkVoice

LENGTHS = (10, 60, 120, 500, 2000)
"""Text lengths in characters."""
MAX_COMPLETE_CHARACTERS = 500
"""Texts up to this length are also synthesized completely."""


def measure_latency(
    voice: BenchmarkVoice, settings: EngineSettings, repeats: int, lengths: Sequence[int] = LENGTHS
) -> list[LatencyResult]:
    """Measures each text `repeats` times, with and without punctuation."""
    engine = voice.open(settings)
    results: list[LatencyResult] = []
    for kind in TEXT_PATTERNS:
        shortest = None
        for length in track(lengths, f"{voice.name}: first audio, {kind}"):
            text = text_of_length(kind, length)
            first_audio = Percentiles.of(engine.time_to_first_audio(text) for _ in range(repeats))
            shortest = shortest or first_audio.p50
            timing = engine.speak(text) if length <= MAX_COMPLETE_CHARACTERS else None
            results.append(
                LatencyResult(
                    kind=kind,
                    characters=length,
                    first_audio=first_audio,
                    ratio=(first_audio.p50 or 0.0) / (shortest or 1.0),
                    first_chunk_share=timing.first_chunk / timing.audio if timing else None,
                    audio_seconds=timing.audio if timing else None,
                    rtf=timing.rtf if timing else None,
                )
            )
    return results
