"""What it costs to compute in chunks: the same sentence in chunks of the default sizes, and as a whole."""

import statistics
import time
from dataclasses import dataclass

from bench.report.progress import steps
from bench.voices.texts import LINES
from bench.voices.voices import Engine, Subject
from server.text.frontend import Sentence


@dataclass(frozen=True, slots=True)
class Chunking:
    """Medians of the ratio and of the real-time factors, over sentences and repeats."""

    ratio: float
    """In chunks over as a whole, the two after each other each time."""
    rtf_chunked: float
    rtf_whole: float


def chunking(subject: Subject, engine: Engine, repeat: int) -> Chunking:
    """Acoustic model and vocoder of single sentences, without the reading of the text."""
    synthesizer = subject.open(engine)
    sentences = [item for line in LINES for item in synthesizer.read(line) if isinstance(item, Sentence)]
    chunked, whole = [], []
    for number in steps(range(max(repeat, 2)), f"{subject.name}: chunked against whole"):
        units = sentences[number % len(sentences)].units
        pair = []
        for size in ((None, 0), (0, None))[number % 2]:  # neither is always the first
            began = time.perf_counter()
            audio = synthesizer.synthesize(units, chunk_steps=size).audio
            pair.append((size, (time.perf_counter() - began) / (len(audio.samples) / audio.rate)))
        chunked.append(dict(pair)[None])
        whole.append(dict(pair)[0])
    return Chunking(
        ratio=statistics.median(map(float.__truediv__, chunked, whole)),
        rtf_chunked=statistics.median(chunked),
        rtf_whole=statistics.median(whole),
    )
