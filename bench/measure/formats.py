"""CPU time of the audio formats, at the voice's rate and at 24 kHz: encoding, and the first bytes of a stream."""

import time
from collections.abc import Sequence

from bench.progress import track
from bench.results.schema import FormatResult
from bench.voices.engine import EngineSettings
from bench.voices.texts import NEWS_TEXT
from bench.voices.voice import BenchmarkVoice
from server.audio.encoders import ENCODERS, OutputFormat, create_encoder
from server.types import Audio

OTHER_RATE = 24000
"""Hz; streams of another rate are resampled."""
CHUNK_SECONDS = 0.02


def measure_formats(voice: BenchmarkVoice, settings: EngineSettings, repeats: int) -> list[FormatResult]:
    """Encodes the news text in every format, `repeats` times in chunks of 20 ms; the fastest run counts."""
    chunks = voice.open(settings).chunks(NEWS_TEXT, CHUNK_SECONDS)
    choices = [OutputFormat(name, sample_rate) for name in ENCODERS for sample_rate in (None, OTHER_RATE)]
    outputs = {(output.name, output.rate_for(chunks[0].rate)): output for output in choices}
    results = []
    for output in track(list(outputs.values()), f"{voice.name}: formats"):
        runs = [_encode(output, chunks) for _ in range(repeats)]
        results.append(min(runs, key=lambda run: run.cpu_rtf))
    return results


def _encode(output: OutputFormat, chunks: Sequence[Audio]) -> FormatResult:
    started = time.process_time()
    encoder = create_encoder(output, chunks[0].rate)
    header, size, first = encoder.header(), 0, None
    for number, chunk in enumerate(chunks, 1):
        size += len(encoder.encode(chunk))
        if size and first is None:
            first = time.process_time() - started, number * CHUNK_SECONDS
    size += len(header) + len(encoder.finish())
    cpu = time.process_time() - started
    seconds = sum(len(chunk.samples) for chunk in chunks) / chunks[0].rate
    first_cpu, first_audio_seconds = first or (cpu, seconds)
    kilobits = 8 * size / seconds / 1000
    return FormatResult(output.name, encoder.rate, cpu / seconds, first_cpu, first_audio_seconds, kilobits)
