"""Results as sections with tables of formatted cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.results.percentiles import Percentiles
from bench.results.schema import Machine, VoiceResults
from bench.system.machine import REFERENCE_GFLOPS

Row = Mapping[str, str]
"""Column name -> cell."""


@dataclass(frozen=True, slots=True)
class Section:
    """A line of text, and the table below it if there are rows."""

    text: str
    rows: Sequence[Row] = ()


def is_numeric_column(rows: Sequence[Row], column: str) -> bool:
    """Returns whether a column contains numbers, which are aligned to the right."""
    cell = rows[0][column]
    return cell == "-" or cell[0].isdigit()


def machine_summary(machine: Machine) -> str:
    """Describes the machine in three lines."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    revision = f", revision {machine.revision}" if machine.revision else ""
    flags = " ".join(machine.flags) or "no relevant instruction sets"
    load = f"load average {machine.load_average:.1f} before the run"
    return "\n".join(
        [
            f"{machine.cpu}, {machine.cores} cores ({flags}), GPU: {machine.gpu or 'none'}",
            f"{machine.system}; {versions}{revision}",
            f"matrix product on one thread: {machine.gflops:.0f} GFLOP/s; {load}",
        ]
    )


def sections(voice: VoiceResults) -> Iterator[Section]:
    """Yields a section for each benchmark that ran."""
    if voice.rtf:
        yield Section(f"Whole engine, normalised to a core of {REFERENCE_GFLOPS:.0f} GFLOP/s", rtf_rows(voice))
        if voice.rtf[0].fallback:
            yield Section(f"Not on the requested provider: {voice.rtf[0].fallback}")
    if voice.latencies:
        yield Section("Time to first audio, ms, by text length", latency_rows(voice))
    if voice.chunking:
        chunking = voice.chunking
        yield Section(
            f"In chunks of the default sizes: {chunking.ratio:.2f} times the whole utterance "
            f"(RTF {chunking.rtf_chunked:.3f} and {chunking.rtf_whole:.3f})"
        )
    if voice.batches:
        yield Section("Batched streams: CPU seconds for a second of audio", batching_rows(voice))
    if voice.news_text:
        yield Section(f"News text of {voice.news_text[0].characters} characters, repeated", news_text_rows(voice))
    if voice.loads:
        yield Section("Concurrent clients, each playing in real time", load_rows(voice))
        yield from _failure_sections(voice)
    if voice.costs:
        yield Section("Cost", cost_rows(voice))


def _failure_sections(voice: VoiceResults) -> Iterator[Section]:
    for load in voice.loads:
        if load.first_failure:
            yield Section(
                f"{load.failed} of {load.requests} requests ({load.target}) failed; the first: {load.first_failure}"
            )


def rtf_rows(voice: VoiceResults) -> list[Row]:
    """Returns a row for each precision."""
    return [
        {
            "precision": result.precision,
            "provider": result.provider,
            "RTF": f"{result.rtf:.3f}",
            "GFLOP/s": f"{result.gflops:.0f}",
            "normalised RTF": f"{result.rtf_normalised:.3f}",
            "CPU s / s": optional(result.cpu_rtf, ".3f"),
            "normalised CPU s / s": optional(result.cpu_rtf_normalised, ".3f"),
            "CPU": f"{result.cpu_utilization:.0%}",
            **first_audio_cells(result.first_audio),
        }
        for result in voice.rtf
    ]


def latency_rows(voice: VoiceResults) -> list[Row]:
    """Returns a row for each kind and length of text."""
    return [
        {
            "text": result.kind,
            "characters": str(result.characters),
            **first_audio_cells(result.first_audio),
            "of shortest": f"{result.ratio:.2f}",
            "first chunk": optional(result.first_chunk_share, ".1%"),
            "audio s": optional(result.audio_seconds, ".1f"),
            "RTF": optional(result.rtf, ".3f"),
        }
        for result in voice.latencies
    ]


def batching_rows(voice: VoiceResults) -> list[Row]:
    """Returns a row for each number of streams."""
    return [
        {
            "streams": str(result.streams),
            "acoustic model": f"{result.acoustic:.3f}",
            "acoustic throughput": f"x {result.acoustic_gain:.2f}",
            "vocoder": f"{result.vocoder:.3f}",
            "vocoder throughput": f"x {result.vocoder_gain:.2f}",
        }
        for result in voice.batches
    ]


def news_text_rows(voice: VoiceResults) -> list[Row]:
    """Returns a row for each target."""
    return [
        {
            "target": result.target,
            "repeats": str(result.repeats),
            "mean s": f"{result.mean:.3f}",
            "deviation": f"{result.deviation:.3f}",
            "audio s": f"{result.audio_seconds:.1f}",
            "RTF": f"{result.rtf:.3f}",
            **first_audio_cells(result.first_audio),
            "CPU": optional(result.cpu_utilization, ".0%"),
            "memory MiB": optional(result.memory_peak, ".0f"),
            "GPU MiB": optional(result.gpu_memory, ".0f"),
        }
        for result in voice.news_text
    ]


def load_rows(voice: VoiceResults) -> list[Row]:
    """Returns a row for each target and level of concurrency."""
    return [
        {
            "target": result.target,
            "clients": str(result.concurrency),
            "requests": str(result.requests),
            "429": str(result.rejected),
            "failed": str(result.failed),
            **first_audio_cells(result.first_audio),
            "late chunks": f"{result.late_chunks} of {result.chunks}",
            "interrupted": str(result.interrupted),
            "longest underrun s": f"{result.longest_underrun:.2f}",
            "audio s / s": f"{result.throughput:.2f}",
            "CPU": optional(result.cpu_utilization, ".0%"),
            "memory MiB": optional(result.memory_peak, ".0f"),
        }
        for result in voice.loads
    ]


def cost_rows(voice: VoiceResults) -> list[Row]:
    """Returns a row for each precision."""
    return [
        {
            "precision": result.precision,
            "audio s / s": f"{result.throughput:.1f}",
            "hour of audio": f"{result.price_per_audio_hour:.4g} {result.currency}".strip(),
            "request": f"{result.price_per_request:.3g} {result.currency}".strip(),
            "1000 requests": f"{1000 * result.price_per_request:.3g} {result.currency}".strip(),
        }
        for result in voice.costs
    ]


def first_audio_cells(first_audio: Percentiles) -> Row:
    """Returns the percentiles of a time to first audio in milliseconds."""
    percentiles = {"first audio p50": first_audio.p50, "p95": first_audio.p95, "p99": first_audio.p99}
    return {name: optional(None if value is None else value * 1e3, ".0f") for name, value in percentiles.items()}


def optional(value: float | None, form: str) -> str:
    """Formats a value; None becomes `-`."""
    return "-" if value is None else format(value, form)
