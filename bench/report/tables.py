"""Results as tables that a person reads, in Markdown, so that they can be kept in a page as they are."""

from collections.abc import Iterator, Mapping, Sequence
from unicodedata import east_asian_width

from bench.measure.machine import REFERENCE, Machine
from bench.report.percentiles import Percentiles
from bench.report.results import Results, VoiceResults

Row = Mapping[str, str]


def report(results: Results) -> str:
    """Everything that was measured."""
    parts = [machine(results.machine), f"Ran `{results.command}` on {results.date}."]
    for voice in results.voices:
        parts += [f"## {voice.description}", *sections(voice)]
    return "\n\n".join(parts) + "\n"


def machine(found: Machine) -> str:
    """In a few lines."""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    revision = f", revision {found.revision}" if found.revision else ""
    load = "" if found.load is None else f"; load average {found.load:.1f} when the measuring began"
    flags = " ".join(found.flags) or "no flags that matter"
    return "\n".join(
        [
            f"{found.cpu}, {found.cores} cores ({flags}), GPU: {found.gpu or 'none'}",
            f"{found.system}; {versions}{revision}",
            f"matrix product on one thread: {found.gflops:.0f} GFLOP/s{load}",
        ]
    )


def sections(voice: VoiceResults) -> Iterator[str]:
    """A table for each kind of measurement that there is."""
    if voice.speeds:
        yield "Whole engine, " + f"normalised to a core of {REFERENCE:.0f} GFLOP/s\n\n" + table(speed_rows(voice))
        yield from (
            f"Not on the provider that was asked for: {speed.fallback}" for speed in voice.speeds[:1] if speed.fallback
        )
    if voice.latencies:
        yield "Time to first audio, ms, by the length of the text\n\n" + table(latency_rows(voice))
    if voice.chunking:
        chunks = voice.chunking
        yield (
            f"In chunks of the default sizes: {chunks.ratio:.2f} times the whole utterance "
            f"(RTF {chunks.rtf_chunked:.3f} and {chunks.rtf_whole:.3f})"
        )
    if voice.batches:
        yield "Streams that share batches: CPU seconds for a second of sound\n\n" + table(batch_rows(voice))
    if voice.quoted:
        yield f"News text of {voice.quoted[0].characters} characters, again and again\n\n" + table(quoted_rows(voice))
    if voice.loads:
        yield "Listeners at a time, each playing in real time\n\n" + table(load_rows(voice))
        for load in voice.loads:
            if load.failure:
                yield f"{load.failed} of {load.requests} requests ({load.way}) failed; the first: {load.failure}"
    if voice.costs:
        yield "Cost\n\n" + table(cost_rows(voice))


def speed_rows(voice: VoiceResults) -> list[Row]:
    return [
        {
            "precision": speed.precision,
            "on": speed.provider,
            "RTF": f"{speed.rtf:.3f}",
            "GFLOP/s": f"{speed.gflops:.0f}",
            "normalised": f"{speed.rtf_normalised:.3f}",
            "CPU s / s": known(speed.cpu_rtf, ".3f"),
            "its normalised": known(speed.cpu_rtf_normalised, ".3f"),
            "CPU": f"{speed.cpu_share:.0%}",
            **milliseconds(speed.first_audio),
        }
        for speed in voice.speeds
    ]


def latency_rows(voice: VoiceResults) -> list[Row]:
    return [
        {
            "text": row.kind,
            "characters": str(row.characters),
            **milliseconds(row.first_audio),
            "of shortest": f"{row.ratio:.2f}",
            "ready": known(row.ready, ".1%"),
            "audio s": known(row.sound, ".1f"),
            "RTF": known(row.rtf, ".3f"),
        }
        for row in voice.latencies
    ]


def batch_rows(voice: VoiceResults) -> list[Row]:
    return [
        {
            "streams": str(row.streams),
            "acoustic model": f"{row.acoustic:.3f}",
            "throughput": f"x {row.acoustic_gain:.2f}",
            "vocoder": f"{row.vocoder:.3f}",
            "its throughput": f"x {row.vocoder_gain:.2f}",
        }
        for row in voice.batches
    ]


def quoted_rows(voice: VoiceResults) -> list[Row]:
    return [
        {
            "through": row.way,
            "times": str(row.repeats),
            "mean s": f"{row.mean:.3f}",
            "deviation": f"{row.deviation:.3f}",
            "audio s": f"{row.sound:.1f}",
            "RTF": f"{row.rtf:.3f}",
            **milliseconds(row.first_audio),
            "CPU": known(row.cpu_share, ".0%"),
            "memory MiB": known(row.memory_peak, ".0f"),
            "GPU MiB": known(row.gpu_memory, ".0f"),
        }
        for row in voice.quoted
    ]


def load_rows(voice: VoiceResults) -> list[Row]:
    return [
        {
            "through": row.way,
            "listeners": str(row.listeners),
            "requests": str(row.requests),
            "429": str(row.refused),
            "failed": str(row.failed),
            **milliseconds(row.first_audio),
            "late": f"{row.late} of {row.chunks}",
            "interrupted": str(row.interrupted),
            "longest gap s": f"{row.longest_gap:.2f}",
            "audio s / s": f"{row.throughput:.2f}",
            "CPU": known(row.cpu_share, ".0%"),
            "memory MiB": known(row.memory_peak, ".0f"),
        }
        for row in voice.loads
    ]


def cost_rows(voice: VoiceResults) -> list[Row]:
    return [
        {
            "precision": row.precision,
            "audio s / s": f"{row.throughput:.1f}",
            "hour of audio": f"{row.sound_hour:.4g} {row.currency}".strip(),
            "request": f"{row.request:.3g} {row.currency}".strip(),
            "1000 requests": f"{1000 * row.request:.3g} {row.currency}".strip(),
        }
        for row in voice.costs
    ]


def milliseconds(first: Percentiles) -> Row:
    """Percentiles of a time to first audio."""
    shares = {"first p50": first.p50, "p95": first.p95, "p99": first.p99}
    return {name: known(None if value is None else value * 1e3, ".0f") for name, value in shares.items()}


def known(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def table(rows: Sequence[Row]) -> str:
    """Markdown, the columns aligned: text to the left, numbers to the right."""
    names = list(rows[0])
    columns = [[name, *(row[name] for row in rows)] for name in names]
    widths = [max(map(width, column)) for column in columns]
    words = [not (column[1] == "-" or column[1][0].isdigit()) for column in columns]
    lines = [
        "| " + " | ".join(map(padded, (column[line] for column in columns), widths, words)) + " |"
        for line in range(len(rows) + 1)
    ]
    marks = ["-" * size if word else "-" * (size - 1) + ":" for size, word in zip(widths, words, strict=True)]
    return "\n".join([lines[0], "| " + " | ".join(marks) + " |", *lines[1:]])


def padded(text: str, size: int, left: bool) -> str:
    space = " " * (size - width(text))
    return text + space if left else space + text


def width(text: str) -> int:
    """Columns on a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
