"""All that one run has measured, as it is written to a file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.load.load import Load
from bench.measure.batching import Batching
from bench.measure.chunking import Chunking
from bench.measure.cost import Cost
from bench.measure.latency import Latency
from bench.measure.machine import Machine
from bench.measure.published import Quoted
from bench.measure.rtf import Speed


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
