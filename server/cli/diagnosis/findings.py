"""What the facts about a server mean, in words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from server import __version__
from server.cli.diagnosis.server_client import Samples, ServerFacts

MAX_LATE_SHARE = 0.001
"""Late chunks for each second of audio above which listeners notice."""
MAX_REFUSED_SHARE = 0.05
"""Share of requests that are refused for want of capacity."""
MIN_FREE_SHARE = 0.05
"""Of the file system."""
MAX_STEP_SECONDS = 30.0
MAX_LAG_SECONDS = 0.25
"""Of the event loop, for one callback in a hundred."""
MAX_LAG_SHARE = 0.01
FEW = 100
"""Fewer requests than this say nothing about shares."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is worth knowing."""

    level: Literal["problem", "note"]
    """problem: something is wrong, and should be corrected."""
    text: str


Findings: TypeAlias = Iterator[Finding]
Rule: TypeAlias = Callable[[ServerFacts], Findings]


def diagnose(facts: ServerFacts) -> list[Finding]:
    """Returns all that is wrong or worth knowing."""
    return [finding for rule in _RULES for finding in rule(facts)]


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of the samples with these labels; 0 without any."""
    wanted = labels.items()
    return sum(value for found, value in samples.get(name, {}).items() if wanted <= found)


def _problem(text: str) -> Finding:
    return Finding("problem", text)


def _state(facts: ServerFacts) -> Findings:
    status, reason = facts.ready["status"], facts.ready.get("reason")
    if facts.health["status"] == "stuck":
        yield _problem(f"the server is stuck: {facts.health.get('reason')}")
    if status != "ready":
        yield _problem(f"the server is not ready ({status}): {reason}")


def _device(facts: ServerFacts) -> Findings:
    provider, preferred = facts.ready.get("provider"), facts.ready.get("preferred")
    if provider in (None, preferred):
        return
    text = f"it runs on {provider}, not on {preferred}: {facts.ready.get('fallback')}"
    if total(facts.metrics, "sambert_provider_failures_total"):
        yield _problem(f"{text}. Correct the cause and restart the server")
    else:
        yield Finding("note", text)


def _voices(facts: ServerFacts) -> Findings:
    broken = [each for each in facts.voices.get("voices", ()) if each.get("status") == "broken"]
    for voice in broken:
        yield _problem(f"voice {voice.get('id')} is broken: {voice.get('reason')}")
    if not broken and facts.ready.get("broken"):
        yield _problem(f"{facts.ready['broken']} voices are broken; /v1/audio/voices has the reasons")


def _streams(facts: ServerFacts) -> Findings:
    metrics = facts.metrics
    late, audio = total(metrics, "sambert_late_chunks_total"), total(metrics, "sambert_audio_seconds_total")
    if late > max(1.0, MAX_LATE_SHARE * audio):
        yield _problem(
            f"{late:.0f} chunks came late in {audio:.0f} s of audio: listeners heard gaps. Lower "
            "scheduler.max_utilization, or take load from the machine"
        )
    failed, streams = total(metrics, "sambert_streams_ended_total", outcome="failed"), "sambert_streams_ended_total"
    if failed:
        yield _problem(f"{failed:.0f} of {total(metrics, streams):.0f} streams failed; the log has the reasons")


def _requests(facts: ServerFacts) -> Findings:
    name = "sambert_http_requests_total"
    requests = total(facts.metrics, name, method="POST") + total(facts.metrics, name, method="GET")
    busy = total(facts.metrics, name, code="429")
    if requests >= FEW and busy > MAX_REFUSED_SHARE * requests:
        yield _problem(f"{busy:.0f} of {requests:.0f} requests were refused with 429: there is more load than capacity")
    errors = total(facts.metrics, name, code="500")
    if errors:
        yield _problem(f"{errors:.0f} requests failed with 500; the log has the reasons")


def _machine(facts: ServerFacts) -> Findings:
    metrics = facts.metrics
    size, free = total(metrics, "sambert_storage_size_bytes"), total(metrics, "sambert_storage_free_bytes")
    if size and free < MIN_FREE_SHARE * size:
        yield _problem(f"only {free / 1e9:.1f} GB of {size / 1e9:.1f} GB are free where storage.path is")
    step = total(metrics, "sambert_worker_step_seconds")
    if step > MAX_STEP_SECONDS:
        yield _problem(f"a worker has been busy with one step for {step:.0f} s; it may be stuck")
    measured = total(metrics, "sambert_event_loop_lag_seconds_count")
    quick = total(metrics, "sambert_event_loop_lag_seconds_bucket", le=str(MAX_LAG_SECONDS))
    if measured >= FEW and measured - quick > MAX_LAG_SHARE * measured:
        yield _problem(f"the event loop is often more than {MAX_LAG_SECONDS:g} s late: the machine is overloaded")
    restarts = total(metrics, "sambert_worker_restarts_total")
    if restarts:
        yield _problem(f"{restarts:.0f} workers died and were restarted; the log has the reasons")


def _reading(facts: ServerFacts) -> Findings:
    for path, reason in facts.refusals.items():
        yield Finding("note", f"{path} could not be read: {reason}")
    if facts.ready["version"] != __version__:
        yield Finding("note", f"the server has version {facts.ready['version']}, this program {__version__}")


_RULES: tuple[Rule, ...] = (_state, _device, _voices, _streams, _requests, _machine, _reading)
