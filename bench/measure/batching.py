"""What streams gain when they share batches: the same sentence for 1 to 32 listeners, in step."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.progress import steps
from bench.voices.voices import Engine, Subject
from server.runtime.session import Session
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Run, Speech, together
from server.synthesis.synthesizer import Synthesizer
from server.types import Audio

TEXT = "今天天气很好。"
SIZES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Batching:
    """CPU seconds for a second of sound, of so many streams that share every run."""

    streams: int
    acoustic: float
    vocoder: float
    acoustic_gain: float
    """Throughput, over that of one stream alone."""
    vocoder_gain: float


def batching(subject: Subject, engine: Engine, repeat: int, sizes: Sequence[int] = SIZES) -> list[Batching]:
    """The best of `repeat`, for each number of streams."""
    synthesizer = subject.open(engine)
    rounds = [size for _ in range(repeat) for size in (1, *sizes)]
    best: dict[int, tuple[float, float]] = {}
    for size in steps(rounds, f"{subject.name}: batches"):
        found = _in_step(synthesizer, size)
        best[size] = (min(found[0], best[size][0]), min(found[1], best[size][1])) if size in best else found
    return [Batching(size, *best[size], best[1][0] / best[size][0], best[1][1] / best[size][1]) for size in sizes]


def _in_step(engine: Synthesizer, streams: int) -> tuple[float, float]:
    """CPU seconds of the acoustic model's and of the vocoder's runs, for a second of sound."""
    # A clock that stands still makes all chunks equal, whatever the machine does.
    speeches = [engine.speech(engine.read(TEXT), PlaybackClock(lambda: 0.0)) for _ in range(streams)]
    seconds: dict[str, float] = defaultdict(float)
    sound = 0.0

    def next_run(speech: Speech[Audio], item: Run | Audio) -> Run:
        nonlocal sound
        while not isinstance(item, Run):
            if speech is speeches[0]:
                sound += len(item.samples) / item.rate
            item = speech.send({})
        return item

    try:
        runs = [next_run(speech, next(speech)) for speech in speeches]
        while True:
            graph = runs[0].graph
            assert isinstance(graph, Session)
            began = time.process_time()
            answers = together(runs)
            seconds[graph.path.stem] += time.process_time() - began
            runs = [next_run(speech, speech.send(answer)) for speech, answer in zip(speeches, answers, strict=True)]
    except StopIteration:  # of the first; the others are in step with it
        vocoder = seconds.pop("vocoder")
    return sum(seconds.values()) / (sound * streams), vocoder / (sound * streams)
