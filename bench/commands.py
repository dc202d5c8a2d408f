"""What can be measured. Each command adds its part to the results of one voice."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.load import load
from bench.load.engine import engine_load
from bench.load.http import http_load, speak_once
from bench.load.service import service
from bench.measure import batching, chunking, latency, published, rtf
from bench.measure.cost import Prices, cost
from bench.measure.synthesis import speak
from bench.report.progress import steps
from bench.report.results import VoiceResults
from bench.voices.voices import Engine, Subject
from server.runtime.cpu import available_cpus
from server.scheduling.scheduler import Scheduler

WAYS = ("engine", "http")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    engine: Engine
    prices: Prices | None = None
    repeat: int = 5
    """Of a whole text."""
    first_repeat: int = 20
    """Of first sounds."""
    quoted_repeat: int = 100
    lengths: tuple[int, ...] = latency.LENGTHS
    levels: tuple[int, ...] = load.LEVELS
    seconds: float = 30.0
    """At each level of load."""
    ways: tuple[str, ...] = WAYS


QUICK: dict[str, Any] = {
    "repeat": 2,
    "first_repeat": 5,
    "quoted_repeat": 3,
    "lengths": (10, 120, 2000),
    "levels": (1, 4, 16),
    "seconds": 8.0,
}
"""What `--quick` changes of a plan."""

Command = Callable[[Subject, Plan, VoiceResults], None]


def measure_speed(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    results.speeds = rtf.speeds(subject, plan.engine, plan.repeat)


def measure_latency(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    results.latencies = latency.latencies(subject, plan.engine, plan.first_repeat, plan.lengths)


def compare(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    results.chunking = chunking.chunking(subject, plan.engine, plan.repeat * 2)


def batch(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    results.batches = batching.batching(subject, plan.engine, plan.repeat)


def quote(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    run = partial(published.quoted, subject.name, repeat=plan.quoted_repeat)
    if "engine" in plan.ways:
        results.quoted.append(run("engine", partial(speak, subject.open(plan.engine))))
    if "http" in plan.ways:
        with service(subject, plan.engine) as there:
            results.quoted.append(run("http", partial(speak_once, there), pid=there.pid))


def measure_load(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    if "engine" in plan.ways:
        engine, scheduler = subject.open(plan.engine), Scheduler()
        scheduler.rehearse(engine.voice.name, engine.rehearsal)
        for listeners in steps(plan.levels, f"{subject.name}: listeners, engine"):
            results.loads.append(engine_load(engine, scheduler, listeners, plan.seconds))
        scheduler.close()
    if "http" in plan.ways:
        with service(subject, plan.engine) as there:
            for listeners in steps(plan.levels, f"{subject.name}: listeners, http"):
                results.loads.append(http_load(there, listeners, plan.seconds))


def measure_cost(subject: Subject, plan: Plan, results: VoiceResults) -> None:
    """Nothing without prices."""
    if plan.prices is None:
        return
    if not results.speeds:
        measure_speed(subject, plan, results)
    results.costs = [cost(plan.prices, found, available_cpus()) for found in results.speeds]


COMMANDS: dict[str, tuple[str, Command]] = {
    "rtf": ("the real-time factor of the whole engine, for each precision", measure_speed),
    "latency": ("time to first audio by the length of the text", measure_latency),
    "compare": ("chunked against whole synthesis", compare),
    "batch": ("what streams gain by sharing batches, 1 to 32 of them", batch),
    "quote": ("the usual test: a news text of 120 characters, 100 times", quote),
    "load": ("late chunks and first audio by the number of listeners", measure_load),
    "cost": ("what an hour of sound and a request cost; needs --rent or --watts and --kwh", measure_cost),
}
"""By name, in the order in which all of them are done."""
