"""The commands: each runs one benchmark and adds its results to those of the voice."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from bench.load.engine_clients import load_engine
from bench.load.http_clients import load_server, speak_over_http
from bench.load.server_memory import SECTIONS as MEMORY_SECTIONS
from bench.load.server_memory import measure_memory
from bench.load.server_process import running_server
from bench.measure.batching import measure_batching
from bench.measure.beside_piper import measure_beside_piper
from bench.measure.cache import measure_cache
from bench.measure.capacity import measure_capacity
from bench.measure.chunking import measure_chunking
from bench.measure.cost import Prices, compute_cost
from bench.measure.formats import measure_formats
from bench.measure.latency import LENGTHS, measure_latency
from bench.measure.news_text import measure_news_text
from bench.measure.pieces import measure_pieces
from bench.measure.rtf import measure_rtf
from bench.measure.soak import SECTIONS, measure_soak
from bench.progress import track
from bench.references.delivery import measure_delivery
from bench.references.emotion import measure_emotions
from bench.references.first_audio import measure_references
from bench.results.schema import VoiceResults
from bench.voices.engine import EngineSettings, ScheduledEngine
from bench.voices.voice import BenchmarkVoice, speakers
from server.runtime.cpu import available_cpus

TARGETS = ("engine", "http")
CONCURRENCY_LEVELS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings of the benchmarks."""

    settings: EngineSettings
    prices: Prices | None = None
    repeats: int = 5
    """Of a whole text."""
    first_audio_repeats: int = 20
    news_text_repeats: int = 100
    capacity_runs: int = 3
    """Of each number of clients."""
    lengths: tuple[int, ...] = LENGTHS
    concurrency_levels: tuple[int, ...] = CONCURRENCY_LEVELS
    seconds: float = 30.0
    """Duration of each level of the load test, and of each run of `capacity`."""
    targets: tuple[str, ...] = TARGETS
    requests: int = 20_000
    """Of the soak."""
    memory_requests: int = 2_000


QUICK: dict[str, Any] = {
    "repeats": 2,
    "first_audio_repeats": 5,
    "news_text_repeats": 3,
    "lengths": (10, 120, 2000),
    "concurrency_levels": (1, 4, 16),
    "seconds": 8.0,
    "capacity_runs": 1,
    "requests": 500,
    "memory_requests": 100,
}
"""Fields of the plan that `--quick` changes."""


@dataclass(frozen=True, slots=True)
class Command:
    """A benchmark of the command line."""

    description: str
    run: Callable[[BenchmarkVoice, Plan, VoiceResults], None]
    is_alone: bool = False
    """Whether it runs only when it is named."""


def run_rtf(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the real-time factor."""
    results.rtf = measure_rtf(voice, plan.settings, plan.repeats)


def run_beside_piper(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the engine and Piper's network in turns."""
    results.piper = measure_beside_piper(voice, plan.settings, plan.repeats)


def run_latency(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the time to first audio by text length."""
    results.latencies = measure_latency(voice, plan.settings, plan.first_audio_repeats, plan.lengths)


def run_chunking(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Compares chunked with whole-utterance synthesis."""
    results.chunking = measure_chunking(voice, plan.settings, plan.repeats * 2)


def run_batching(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the throughput gain of batching."""
    results.batches = measure_batching(voice, plan.settings, plan.repeats)


def run_formats(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the audio formats."""
    results.formats = measure_formats(voice, plan.settings, plan.repeats)


def run_news_text(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the news text on each target."""
    measure = partial(measure_news_text, voice.name, repeats=plan.news_text_repeats)
    if "engine" in plan.targets:
        results.news_text.append(measure("engine", voice.open(plan.settings).speak))
    if "http" in plan.targets:
        with running_server(voice, plan.settings) as server:
            results.news_text.append(measure("http", partial(speak_over_http, server), pid=server.pid))


def run_pieces(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures text that arrives in pieces."""
    engine = voice.open(plan.settings)
    with running_server(voice, plan.settings) as server:
        results.pieces = measure_pieces(voice.name, engine, server, plan.repeats)


def run_cache(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the cache in memory, and the one on the disk alone."""
    on_disk = {"cache": {"memory_mb": 0, "disk_mb": 100}}
    with (
        running_server(voice, plan.settings) as memory,
        running_server(voice, plan.settings, on_disk) as disk,
    ):
        results.cache = measure_cache(voice.name, memory, disk, plan.repeats)


def run_references(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Measures the first audio with and without references. Equal requests are computed."""
    with TemporaryDirectory() as storage:
        sections = {"cache": {"memory_mb": 0}, "storage": {"path": storage}}
        with running_server(voice, plan.settings, sections) as server:
            results.references = measure_references(voice.name, server, plan.first_audio_repeats)


def run_load(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Runs the load test on each target, at each level of concurrency."""
    if "engine" in plan.targets:
        with closing(ScheduledEngine(voice.open(plan.settings))) as engine:
            for concurrency in track(plan.concurrency_levels, f"{voice.name}: load, engine"):
                results.loads.append(load_engine(engine, concurrency, plan.seconds))
    if "http" in plan.targets:
        with running_server(voice, plan.settings) as server:
            for concurrency in track(plan.concurrency_levels, f"{voice.name}: load, http"):
                results.loads.append(load_server(server, concurrency, plan.seconds))


def run_capacity(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Searches the number of streams that are on time."""
    results.capacities = measure_capacity(voice, plan.settings, plan.capacity_runs, plan.seconds)


def run_soak(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Sends mixed requests to a server with all voices of the folder."""
    sections = {**SECTIONS, "models": {"path": str(voice.models.resolve())}}
    with running_server(voice, plan.settings, sections) as server:
        results.soak = measure_soak(voice.name, server, speakers(voice.models), plan.requests)


def run_memory(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Starts a server with one voice, and sends requests."""
    with running_server(voice, plan.settings, MEMORY_SECTIONS) as server:
        own = [each for each in speakers(voice.models) if each.startswith(f"{voice.name}/")]
        results.memory = measure_memory(voice.name, server, own, plan.memory_requests)


def run_delivery(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Speaks like recordings of the same words, by espeak-ng."""
    results.deliveries = measure_delivery(voice.open(plan.settings).synthesizer)


def run_emotion(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Speaks like recordings by espeak-ng and by flite."""
    results.emotions = measure_emotions(voice.open(plan.settings).synthesizer)


def run_cost(voice: BenchmarkVoice, plan: Plan, results: VoiceResults) -> None:
    """Computes the cost; does nothing without prices."""
    if plan.prices is None:
        return
    if not results.rtf:
        run_rtf(voice, plan, results)
    results.costs = [compute_cost(plan.prices, result, available_cpus()) for result in results.rtf]


COMMANDS = {
    "rtf": Command("real-time factor of the whole engine, for each precision", run_rtf),
    "piper": Command("CPU time beside a voice of Piper's medium quality, in turns", run_beside_piper, is_alone=True),
    "latency": Command("time to first audio by text length", run_latency),
    "compare": Command("chunked against whole-utterance synthesis", run_chunking),
    "batch": Command("throughput gain of batching 1 to 32 streams", run_batching),
    "formats": Command("CPU time and first bytes of every audio format", run_formats),
    "quote": Command("the usual figure: a news text of 120 characters, 100 times", run_news_text),
    "pieces": Command("time to first audio of a text that arrives at 20 characters a second", run_pieces),
    "cache": Command("answers from the cache, equal requests at a time, and the hit rate of popular texts", run_cache),
    "reference": Command("first audio with a reference that was used before, against none", run_references),
    "load": Command("late chunks and time to first audio by concurrency", run_load),
    "capacity": Command("how many streams are on time over HTTP, in three runs of three", run_capacity, is_alone=True),
    "soak": Command(
        "20,000 mixed requests beside clients that do not read or leave: equal answers, memory", run_soak, is_alone=True
    ),
    "memory": Command(
        "memory of a server with one voice when it is ready and after 2,000 requests, and the CPU time of its start",
        run_memory,
        is_alone=True,
    ),
    "delivery": Command(
        "recordings of the same words: syllables, F0, which texts are refused; needs espeak-ng",
        run_delivery,
        is_alone=True,
    ),
    "emotion": Command(
        "recordings as references: the emotion that they choose, range, rate and pauses; needs espeak-ng",
        run_emotion,
        is_alone=True,
    ),
    "cost": Command("price of an hour of audio and of a request; needs --rent or --watts and --kwh", run_cost),
}
"""Commands by name, in the order in which a run without COMMAND executes them."""
