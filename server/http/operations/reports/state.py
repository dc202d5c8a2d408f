"""What the server is, and whether it can speak."""

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from server import __version__
from server.http.operations.report_collector import Measure
from server.http.startup import Startup, State

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


@dataclass(frozen=True, slots=True)
class StateReport:
    """What the server is, and whether it can speak."""

    state: State
    provider: str
    """Empty while it is not known."""
    preferred: str
    failed_providers: int
    voices: int
    broken: int


def state_report(startup: Startup, registry: "VoiceRegistry", preferred: str) -> StateReport:
    """The present state. Safe in any thread."""
    return StateReport(
        state=startup.state,
        provider=str(startup.device_report().get("provider", "")),
        preferred=preferred,
        failed_providers=len(registry.runtime.failed_providers),
        voices=len(registry.voices),
        broken=len(registry.broken),
    )


STATE: tuple[Measure[StateReport], ...] = (
    Measure(
        "sambert_build_info",
        "The version of the server and of Python; always 1.",
        lambda report: {(__version__, platform.python_version()): 1},
        ("version", "python"),
    ),
    Measure(
        "sambert_state",
        "1 for the state that the server is in, 0 for the others.",
        lambda report: {state: float(state == report.state) for state in get_args(State)},
        ("state",),
    ),
    Measure("sambert_ready", "Whether requests for speech are answered.", lambda report: report.state == "ready"),
    Measure(
        "sambert_provider_info",
        "The execution provider in use, and the one that the configuration prefers; always 1.",
        lambda report: {(report.provider, report.preferred): 1} if report.provider else {},
        ("provider", "preferred"),
    ),
    Measure(
        "sambert_provider_failures_total",
        "Execution providers that failed and were abandoned; not those that onnxruntime was built without.",
        lambda report: report.failed_providers,
    ),
    Measure(
        "sambert_voices",
        "Voices by whether they can speak.",
        lambda report: {"ready": report.voices, "broken": report.broken},
        ("state",),
    ),
)
