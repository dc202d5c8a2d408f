"""A voice loaded in this process: timed synthesis, and streams through the scheduler.

The only module of the benchmarks that calls the engine and its scheduler.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from bench.results.synthesis_timing import SynthesisTiming
from bench.system.process_usage import ProcessUsage
from server.audio.pcm import pcm_bytes
from server.config import Config, ModelsSection, RuntimeSection
from server.runtime.session import Session
from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun, Outputs
from server.scheduling.playback import PlaybackClock
from server.scheduling.scheduler import Scheduler
from server.scheduling.task import Chunks, Task
from server.synthesis.registry import VoiceRegistry
from server.synthesis.speech_plan import SpeechPlan
from server.text.sentence import Sentence
from server.types import Audio

PCM_SAMPLE_BYTES = 2
_SECONDS_PER_CHARACTER = 0.2
"""Estimated audio duration, as in the server."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Execution provider and threads."""

    provider: str = "cpu"
    """tensorrt falls back to cuda, and cuda to the CPU; `Engine.runtime.fallback_reason` is the reason."""
    threads: int = 0
    """For each graph run; 0: the server's default."""

    def config(self, models: Path, precision: str = "auto") -> Config:
        """Returns the server configuration for the voices below `models`."""
        order = ("tensorrt", "cuda", "cpu")
        providers = order[order.index(self.provider) :]
        settings = {"providers": providers, "threads": self.threads, "precision": precision}
        return Config(models=ModelsSection(path=models), runtime=RuntimeSection.model_validate(settings))


class Engine:
    """One voice in one precision, verified and warmed up. Raises `SpeechError` if it cannot be loaded."""

    def __init__(self, config: Config, name: str) -> None:
        registry = VoiceRegistry(config)
        self.synthesizer = registry.open(name)
        self.runtime = registry.runtime

    def speak(self, text: str) -> SynthesisTiming:
        """Synthesizes the whole text as fast as possible."""
        rate = self.synthesizer.rate
        started = ProcessUsage.of()
        first_audio = first_chunk = 0.0
        samples = 0
        for audio in SpeechPlan.for_text(self.synthesizer, text).speak():
            if not samples:
                first_audio, first_chunk = time.perf_counter() - started.wall, len(audio.samples) / rate
            samples += len(audio.samples)
        usage = ProcessUsage.since(started)
        return SynthesisTiming(first_audio, usage.wall, samples / rate, usage.cpu or 0.0, first_chunk)

    def chunks(self, text: str, seconds: float) -> list[Audio]:
        """Returns the audio of a text in chunks of equal length."""
        rate = self.synthesizer.rate
        samples = np.concatenate([audio.samples for audio in SpeechPlan.for_text(self.synthesizer, text).speak()])
        size = round(seconds * rate)
        return [Audio(samples[start : start + size], rate) for start in range(0, len(samples), size)]

    def time_to_first_audio(self, text: str) -> float:
        """Returns the seconds to the first chunk; the rest is not computed."""
        started = time.perf_counter()
        chunks = SpeechPlan.for_text(self.synthesizer, text).speak()
        next(chunks)
        seconds = time.perf_counter() - started
        chunks.close()
        return seconds

    def sentences(self, text: str) -> list[Sentence]:
        """Returns the analyzed sentences of a text."""
        return [item for item in self.synthesizer.sentences(text) if isinstance(item, Sentence)]

    def sentence_rtf(self, sentence: Sentence, *, chunked: bool) -> float:
        """Returns the real-time factor of acoustic model and vocoder for one sentence."""
        started = time.perf_counter()
        audio = self.synthesizer.synthesize(sentence.units, chunk_steps=None if chunked else 0).audio
        return (time.perf_counter() - started) / (len(audio.samples) / audio.rate)

    def batched_cpu_rtf(self, text: str, streams: int) -> tuple[float, float]:
        """Speaks `text` in `streams` equal streams that share every graph run.

        Returns the CPU seconds for a second of audio, of the acoustic model and of the vocoder.
        """
        # A clock that does not advance makes the chunks of all runs equal in size.
        plan = SpeechPlan.for_text(self.synthesizer, text)
        tasks = [Task(plan.audio(PlaybackClock(lambda: 0.0))) for _ in range(streams)]
        cpu_seconds: dict[str, float] = defaultdict(float)
        audio_seconds = 0.0

        def next_run(task: Task[Audio], outputs: Outputs | None) -> GraphRun:
            nonlocal audio_seconds
            while not isinstance(item := task.resume(outputs), GraphRun):
                outputs = None
                if task is tasks[0] and isinstance(item, Audio):
                    audio_seconds += len(item.samples) / item.rate
            return item

        try:
            runs = [next_run(task, None) for task in tasks]
            while True:
                graph = runs[0].graph
                assert isinstance(graph, Session)
                started = time.process_time()
                outputs = run_batch(runs)
                cpu_seconds[graph.path.stem] += time.process_time() - started
                runs = [next_run(task, row) for task, row in zip(tasks, outputs, strict=True)]
        except StopAsyncIteration:  # raised by the first stream; the others end at the same run
            vocoder = cpu_seconds.pop("vocoder")
        return sum(cpu_seconds.values()) / (audio_seconds * streams), vocoder / (audio_seconds * streams)


class ScheduledEngine:
    """An engine behind the server's scheduler. `close` ends its threads."""

    def __init__(self, engine: Engine) -> None:
        self._synthesizer = engine.synthesizer
        self._scheduler = Scheduler()
        self._scheduler.measure_cost(self._synthesizer.voice.name, self._synthesizer.probe)

    def stream(self, text: str) -> Iterator[float]:
        """Yields the seconds of audio in each chunk when it is ready; the next chunk counts as taken afterwards.

        Raises `BusyError` if the scheduler rejects the request, or the `SpeechError` that ended it.
        """
        rate, plan = self._synthesizer.rate, SpeechPlan.for_text(self._synthesizer, text)

        async def encoded(clock: PlaybackClock) -> Chunks[bytes]:
            async for audio in plan.audio(clock):
                yield pcm_bytes(audio.samples)

        chunks: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        expected = len(text) * _SECONDS_PER_CHARACTER
        stream = self._scheduler.start(plan.main_voice, encoded, chunks.put, chunks.put, expected_seconds=expected)
        while isinstance(chunk := chunks.get(), bytes):
            yield len(chunk) / (PCM_SAMPLE_BYTES * rate)
            self._scheduler.chunk_consumed(stream)
        if chunk is not None:
            raise chunk

    def close(self) -> None:
        """Ends the scheduler's threads."""
        self._scheduler.close()
