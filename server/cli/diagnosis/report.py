"""Prints what a running server tells, and what is wrong with it."""

from collections.abc import Iterator

from server.cli.diagnosis.findings import diagnose, total
from server.cli.diagnosis.server_client import ServerClient, ServerFacts
from server.cli.tables import print_fields
from server.logs.escaping import escaped


def check_server(url: str, key: str | None) -> int:
    """Prints the report. Returns 0, or 1 if something is wrong. Raises `ServerError` without a server."""
    facts = ServerClient(url, key).facts()
    findings = diagnose(facts)
    fields = [*_fields(facts), *((finding.level, finding.text) for finding in findings)]
    print_fields([(label, escaped(text)) for label, text in fields], plain="{:14} {}")
    problems = sum(finding.level == "problem" for finding in findings)
    print(f"{problems} problems" if problems > 1 else "1 problem" if problems else "nothing is wrong")
    return 1 if problems else 0


def _fields(facts: ServerFacts) -> Iterator[tuple[str, str]]:
    ready, load, metrics = facts.ready, facts.health.get("load", {}), facts.metrics
    yield "state", f"{ready['status']}, version {ready['version']}"
    yield "runs on", str(ready.get("provider") or "not known yet")
    yield "voices", f"{ready.get('voices')} can speak, {ready.get('broken')} are broken"
    yield (
        "streams",
        f"{load.get('streams')} of {load.get('capacity') or 'unknown'} that fit, {load.get('workers')} workers",
    )
    if metrics:
        audio, computing = (total(metrics, f"sambert_{name}_seconds_total") for name in ("computed_audio", "computing"))
        factor = f", real-time factor {computing / audio:.3f}" if audio else ""
        yield "speech", f"{total(metrics, 'sambert_audio_seconds_total'):.0f} s{factor}"
        yield "first audio", _first_audio(facts)
        yield "memory", f"{total(metrics, 'process_resident_memory_bytes') / 2**20:.0f} MiB"


def _first_audio(facts: ServerFacts) -> str:
    count = total(facts.metrics, "sambert_first_audio_seconds_count")
    seconds = total(facts.metrics, "sambert_first_audio_seconds_sum")
    return f"{1000 * seconds / count:.0f} ms on average of {count:.0f} requests" if count else "no request yet"
