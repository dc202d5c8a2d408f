"""All that one run has measured, as it is written to a file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.batching import Batching
from bench.chunking import Chunking
from bench.cost import Cost
from bench.latency import Latency
from bench.load import Load
from bench.machine import Machine
from bench.quoted import Quoted
from bench.speed import Speed


@dataclass(slots=True)
class VoiceResults:
    """Empty where something was not asked for."""

    name: str
    description: str
    speeds: list[Speed] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    chunking: Chunking | None = None
    batches: list[Batching] = field(default_factory=list)
    quoted: list[Quoted] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """Times in seconds, memory in MiB."""

    date: str
    command: str
    machine: Machine
    voices: list[VoiceResults] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
