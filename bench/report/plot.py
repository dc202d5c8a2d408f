"""Results as one picture. Needs matplotlib (the extra `bench`)."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.results.schema import LoadResult, Results, VoiceResults


def can_plot() -> bool:
    """Returns whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plot(results: Results, path: Path) -> None:
    """Plots a row for each voice: RTF, latency by text length, latency and late chunks by concurrency."""
    from matplotlib.figure import Figure  # without pyplot, which needs a display

    plots = (_plot_rtf, _plot_latency, _plot_first_audio_under_load, _plot_late_chunks)
    rows = len(results.voices)
    figure = Figure(figsize=(15, 4 * rows), layout="constrained")
    for row, voice in zip(figure.subplots(rows, len(plots), squeeze=False), results.voices, strict=True):
        for axes, plot_on in zip(row, plots, strict=True):
            plot_on(axes, voice)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(fontsize="small")
    figure.suptitle(f"{results.machine.cpu}, {results.machine.cores} cores, {results.date}")
    figure.savefig(path, dpi=110)


def _plot_rtf(axes: Any, voice: VoiceResults) -> None:
    names = [result.precision for result in voice.rtf]
    positions = range(len(names))
    axes.bar([position - 0.2 for position in positions], [result.rtf for result in voice.rtf], 0.4, label="RTF")
    normalized = [result.rtf_normalized for result in voice.rtf]
    axes.bar([position + 0.2 for position in positions], normalized, 0.4, label="normalized")
    axes.set(title=voice.name, ylabel="real-time factor", xticks=list(positions), xticklabels=names, ylim=(0, None))


def _plot_latency(axes: Any, voice: VoiceResults) -> None:
    for kind in dict.fromkeys(result.kind for result in voice.latencies):
        results = [result for result in voice.latencies if result.kind == kind]
        lengths = [result.characters for result in results]
        axes.plot(lengths, [_milliseconds(result.first_audio.p50) for result in results], "o-", label=f"{kind}, p50")
        axes.plot(lengths, [_milliseconds(result.first_audio.p99) for result in results], ":", label=f"{kind}, p99")
    axes.set(title="time to first audio", xlabel="characters", ylabel="ms", xscale="log", ylim=(0, None))


def _plot_first_audio_under_load(axes: Any, voice: VoiceResults) -> None:
    axes.set_xscale("log", base=2)  # before the values: all of them may be missing
    for target, results in _loads_by_target(voice).items():
        for name in ("p50", "p95", "p99"):
            values = [_milliseconds(getattr(result.first_audio, name)) for result in results]
            axes.plot([result.concurrency for result in results], values, "o-", label=f"{target}, {name}")
    axes.set(title="time to first audio under load", xlabel="clients", ylabel="ms", ylim=(0, None))


def _plot_late_chunks(axes: Any, voice: VoiceResults) -> None:
    axes.set_xscale("log", base=2)
    for target, results in _loads_by_target(voice).items():
        clients = [result.concurrency for result in results]
        late = [100 * result.late_chunks / max(result.chunks, 1) for result in results]
        rejected = [100 * result.rejected / max(result.requests, 1) for result in results]
        axes.plot(clients, late, "o-", label=f"{target}, late chunks")
        axes.plot(clients, rejected, ":", label=f"{target}, rejected requests")
    axes.set(title="late chunks and rejected requests", xlabel="clients", ylabel="%", ylim=(0, None))


def _loads_by_target(voice: VoiceResults) -> dict[str, list[LoadResult]]:
    targets = dict.fromkeys(load.target for load in voice.loads)
    return {target: [load for load in voice.loads if load.target == target] for target in targets}


def _milliseconds(seconds: float | None) -> float:
    return float("nan") if seconds is None else seconds * 1e3
