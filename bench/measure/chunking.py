"""Overhead of chunked synthesis: the same sentence in chunks of the default sizes, and as a whole."""

import statistics

from bench.progress import track
from bench.results.schema import ChunkingResult
from bench.voices.engine import EngineSettings
from bench.voices.texts import REQUEST_SENTENCES
from bench.voices.voice import BenchmarkVoice


def measure_chunking(voice: BenchmarkVoice, settings: EngineSettings, repeats: int) -> ChunkingResult:
    """Measures acoustic model and vocoder on single sentences, without text analysis."""
    engine = voice.open(settings)
    sentences = [sentence for text in REQUEST_SENTENCES for sentence in engine.sentences(text)]
    rtf: dict[bool, list[float]] = {True: [], False: []}
    for number in track(range(max(repeats, 2)), f"{voice.name}: chunked against whole"):
        for chunked in ((True, False), (False, True))[number % 2]:  # alternating, so that neither is always the first
            rtf[chunked].append(engine.sentence_rtf(sentences[number % len(sentences)], chunked=chunked))
    return ChunkingResult(
        ratio=statistics.median(map(float.__truediv__, rtf[True], rtf[False])),
        rtf_chunked=statistics.median(rtf[True]),
        rtf_whole=statistics.median(rtf[False]),
    )
