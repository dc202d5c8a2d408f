"""Results as sections with tables of formatted cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.results import schema
from bench.results.percentiles import Percentiles
from bench.system.machine import REFERENCE_GFLOPS

Row = Mapping[str, str]
"""Column name -> cell."""


@dataclass(frozen=True, slots=True)
class Section:
    """A line of text, and the table below it if there are rows."""

    text: str
    rows: Sequence[Row] = ()


def machine_summary(machine: schema.Machine) -> str:
    """Describes the machine in three lines."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    revision = f", revision {machine.revision}" if machine.revision else ""
    flags = " ".join(machine.flags) or "no relevant instruction sets"
    load = f"load average {machine.load_average:.1f} before the run"
    return (
        f"{machine.cpu}, {machine.cores} cores ({flags}), GPU: {machine.gpu or 'none'}\n"
        f"{machine.system}; {versions}{revision}\n"
        f"matrix product on one thread: {machine.gflops:.0f} GFLOP/s; {load}"
    )


def sections(voice: schema.VoiceResults) -> Iterator[Section]:
    """Yields a section for each benchmark that ran."""
    yield from _engine_sections(voice)
    yield from _server_sections(voice)


def _engine_sections(voice: schema.VoiceResults) -> Iterator[Section]:
    if voice.rtf:
        title = f"Whole engine, normalized to a core of {REFERENCE_GFLOPS:.0f} GFLOP/s"
        yield Section(title, list(map(rtf_row, voice.rtf)))
        if voice.rtf[0].fallback:
            yield Section(f"Not on the requested provider: {voice.rtf[0].fallback}")
    if voice.piper:
        yield Section("Beside Piper's medium quality, CPU time in turns", list(map(piper_row, voice.piper)))
    if voice.latencies:
        yield Section("Time to first audio, ms, by text length", list(map(latency_row, voice.latencies)))
    if voice.chunking:
        chunking = voice.chunking
        yield Section(
            f"In chunks of the default sizes: {chunking.ratio:.2f} times the whole utterance "
            f"(RTF {chunking.rtf_chunked:.3f} and {chunking.rtf_whole:.3f})"
        )
    if voice.batches:
        yield Section("Batched streams: CPU seconds for a second of audio", list(map(batching_row, voice.batches)))
    if voice.formats:
        yield Section("Audio formats, encoded in chunks of 20 ms", list(map(format_row, voice.formats)))


def _server_sections(voice: schema.VoiceResults) -> Iterator[Section]:
    if voice.news_text:
        title = f"News text of {voice.news_text[0].characters} characters, repeated"
        yield Section(title, list(map(news_text_row, voice.news_text)))
    if voice.pieces:
        yield Section("Text in pieces, over the WebSocket", [pieces_row(voice.pieces)])
    if voice.cache:
        yield _cache_section(voice.cache)
    if voice.references:
        rows = [reference_row(each, voice.references[0]) for each in voice.references]
        yield Section("First audio with a reference that was used before", rows)
    if voice.loads:
        yield Section("Concurrent clients, each playing in real time", list(map(load_row, voice.loads)))
        yield from map(_failures, filter(lambda load: load.first_failure, voice.loads))
    yield from map(_capacity_section, voice.capacities)
    yield from _long_sections(voice)
    if voice.costs:
        yield Section("Cost", list(map(cost_row, voice.costs)))


def _long_sections(voice: schema.VoiceResults) -> Iterator[Section]:
    if voice.soak:
        yield _soak_section(voice.soak)
    if voice.memory:
        yield Section("Server with one voice, without its cache of finished audio", [memory_row(voice.memory)])
    if voice.deliveries:
        yield Section("Delivery of recordings of the same words", list(map(delivery_row, voice.deliveries)))
    if voice.emotions:
        yield Section("Emotion of recordings, that the voice has never heard", list(map(emotion_row, voice.emotions)))


def _cache_section(cache: schema.CacheResult) -> Section:
    title = (
        f"Cache: {cache.equal_computed} of {cache.equal_requests} equal requests at once was computed; "
        f"{cache.hit_rate:.0%} hits in {cache.popular_requests} requests for {cache.popular_texts} texts (Zipf)"
    )
    return Section(title, list(map(cache_row, cache.times)))


def _capacity_section(capacity: schema.CapacityResult) -> Section:
    title = f"On time over HTTP with scheduler.max_utilization {capacity.max_utilization:g}: {capacity.streams} streams"
    return Section(title, list(map(capacity_row, capacity.levels)))


def _soak_section(soak: schema.SoakResult) -> Section:
    title = "Mixed requests of 50 clients at once, beside 20 that never read and 20 that leave"
    problem = f"; the first problem: {soak.first_problem}" if soak.first_problem else ""
    return Section(title + problem, [soak_row(soak)])


def _failures(load: schema.LoadResult) -> Section:
    return Section(f"{load.failed} of {load.requests} requests ({load.target}) failed; the first: {load.first_failure}")


def rtf_row(result: schema.RtfResult) -> Row:
    """Returns the cells of one precision."""
    return {
        "precision": result.precision,
        "provider": result.provider,
        "RTF": f"{result.rtf:.3f}",
        "GFLOP/s": f"{result.gflops:.0f}",
        "normalized RTF": f"{result.rtf_normalized:.3f}",
        "CPU s / s": f"{result.cpu_rtf:.3f}",
        "normalized CPU s / s": f"{result.cpu_rtf_normalized:.3f}",
        "CPU": f"{result.cpu_utilization:.0%}",
        **first_audio_cells(result.first_audio),
    }


def piper_row(result: schema.PiperResult) -> Row:
    """Returns the cells of one precision, or of Piper."""
    return {
        "voice": result.name,
        "audio s": f"{result.audio_seconds:.1f}",
        "CPU s / s": f"{result.cpu_rtf:.4f}",
        "normalized": f"{result.cpu_rtf_normalized:.4f}",
        "first audio ms": f"{1e3 * result.time_to_first_audio:.0f}",
        "of Piper's": f"{result.ratio:.3f}",
        "lowest": f"{result.lowest_ratio:.3f}",
        "highest": f"{result.highest_ratio:.3f}",
    }


def latency_row(result: schema.LatencyResult) -> Row:
    """Returns the cells of one kind and length of text."""
    return {
        "text": result.kind,
        "characters": str(result.characters),
        **first_audio_cells(result.first_audio),
        "of shortest": f"{result.ratio:.2f}",
        "first chunk": optional(result.first_chunk_share, ".1%"),
        "audio s": optional(result.audio_seconds, ".1f"),
        "RTF": optional(result.rtf, ".3f"),
    }


def batching_row(result: schema.BatchingResult) -> Row:
    """Returns the cells of one number of streams."""
    return {
        "streams": str(result.streams),
        "acoustic model": f"{result.acoustic:.3f}",
        "acoustic throughput": f"x {result.acoustic_gain:.2f}",
        "vocoder": f"{result.vocoder:.3f}",
        "vocoder throughput": f"x {result.vocoder_gain:.2f}",
    }


def format_row(result: schema.FormatResult) -> Row:
    """Returns the cells of one format and sampling rate."""
    return {
        "format": result.name,
        "Hz": str(result.rate),
        "kbit/s": f"{result.kilobits:.0f}",
        "CPU ms / s": f"{1000 * result.cpu_rtf:.1f}",
        "first bytes after audio, ms": f"{1000 * result.first_audio_seconds:.0f}",
        "after CPU, ms": f"{1000 * result.first_cpu:.1f}",
    }


def pieces_row(result: schema.PiecesResult) -> Row:
    """Returns the cells of the only row."""
    return {
        "characters / s": str(result.characters_per_second),
        "texts": str(result.texts),
        "characters after the clause": f"{result.waited_characters:.1f}",
        **first_audio_cells(result.first_audio),
    }


def cache_row(result: schema.CacheTimes) -> Row:
    """Returns the cells of one source of answers."""
    times = {"first byte": result.first_byte, "end": result.end}
    return {
        "audio": result.source,
        "requests": str(result.end.count),
        **{
            f"{name} {column}, ms": optional(value and 1000 * value, ".1f")
            for name, percentiles in times.items()
            for column, value in (("p50", percentiles.p50), ("p95", percentiles.p95))
        },
    }


def reference_row(result: schema.ReferenceTimes, without: schema.ReferenceTimes) -> Row:
    """Returns the cells of one kind of requests, compared with those without a reference."""
    one, other = result.first_audio.p50, without.first_audio.p50
    return {
        "reference": result.kind,
        **first_audio_cells(result.first_audio),
        "p50 / without": optional(one and other and one / other, ".2f"),
    }


def news_text_row(result: schema.NewsTextResult) -> Row:
    """Returns the cells of one target."""
    return {
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


def load_row(result: schema.LoadResult) -> Row:
    """Returns the cells of one target and level of concurrency."""
    return {
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


def capacity_row(result: schema.CapacityLevel) -> Row:
    """Returns the cells of one number of clients."""
    return {
        "clients": str(result.clients),
        "runs on time": f"{result.runs_on_time} of {result.runs}",
        "server admits": optional(result.admitted, "d"),
        "late chunks": f"{result.late_chunks} of {result.chunks}",
        "longest underrun s": f"{result.longest_underrun:.2f}",
        "429": str(result.rejected),
        "failed": str(result.failed),
        **first_audio_cells(result.first_audio),
        "CPU": optional(result.cpu_utilization, ".0%"),
    }


def soak_row(result: schema.SoakResult) -> Row:
    """Returns the cells of the only row."""
    memory = result.memory
    return {
        "requests": str(result.requests),
        "not 200": str(result.refused),
        "cut off": str(result.failed),
        "not as alone": str(result.different),
        "largest difference / 32768": f"{result.largest_difference:.0f}",
        "from the cache": str(result.cached),
        "never read": str(result.stalled),
        "left": str(result.left),
        "late chunks": str(result.late_chunks),
        "restarts": str(result.worker_restarts),
        "MiB at 10, 50, 100 %": " / ".join(f"{memory[len(memory) * part // 10 - 1]:.0f}" for part in (1, 5, 10)),
    }


def memory_row(result: schema.MemoryResult) -> Row:
    """Returns the cells of the only row."""
    memory = result.memory
    return {
        "CPU s until ready": optional(result.start_cpu_seconds, ".1f"),
        "PSS MiB when ready": f"{memory[0]:.0f}",
        "requests": str(result.requests),
        "at 10, 50, 100 %": " / ".join(f"{memory[(len(memory) - 1) * part // 10]:.0f}" for part in (1, 5, 10)),
    }


def delivery_row(result: schema.DeliveryResult) -> Row:
    """Returns the cells of recordings that are read in one way."""
    return {
        "recordings": result.kind,
        "sentences": str(result.sentences),
        "durations": f"{result.durations:.3f}",
        "durations without": f"{result.plain_durations:.3f}",
        "F0": f"{result.f0:.3f}",
        "F0 without": f"{result.plain_f0:.3f}",
        "other texts refused": f"{result.refused / result.sentences:.0%}",
        "right ones refused": f"{result.wrongly_refused / result.sentences:.0%}",
    }


def emotion_row(result: schema.EmotionResult) -> Row:
    """Returns the cells of the recordings of one system."""
    count, right = result.recordings, result.right_emotions
    return {
        "recordings by": result.system,
        "number": str(count),
        "right emotion": optional(None if right is None else right / count, ".0%"),
        "confidence": f"{result.confidence:.2f}",
        **{f"{name} nearer, or there": _shares(result, name) for name in result.nearer},
    }


def _shares(result: schema.EmotionResult, name: str) -> str:
    nearer, there = result.nearer[name], result.there[name]
    return f"{(nearer + there) / result.recordings:.0%} ({nearer} + {there})"


def cost_row(result: schema.CostResult) -> Row:
    """Returns the cells of one precision."""
    return {
        "precision": result.precision,
        "audio s / s": f"{result.throughput:.1f}",
        "hour of audio": f"{result.price_per_audio_hour:.4g} {result.currency}".strip(),
        "request": f"{result.price_per_request:.3g} {result.currency}".strip(),
        "1000 requests": f"{1000 * result.price_per_request:.3g} {result.currency}".strip(),
    }


def first_audio_cells(first_audio: Percentiles) -> Row:
    """Returns the percentiles of a time to first audio in milliseconds."""
    percentiles = {"first audio p50": first_audio.p50, "p95": first_audio.p95, "p99": first_audio.p99}
    return {name: optional(None if value is None else value * 1e3, ".0f") for name, value in percentiles.items()}


def optional(value: float | None, form: str) -> str:
    """Formats a value; None becomes `-`."""
    return "-" if value is None else format(value, form)
