"""Results as one picture. Needs matplotlib (the extra `bench`); everything else works without it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.load.load import Load
from bench.report.results import Results, VoiceResults


def can_plot() -> bool:
    return find_spec("matplotlib") is not None


def plot(results: Results, path: Path) -> None:
    """A row for each voice: real-time factors, first audio by length, first audio and late chunks by listeners."""
    from matplotlib.figure import Figure  # without pyplot, which would want a display

    rows = len(results.voices)
    figure = Figure(figsize=(15, 4 * rows), layout="constrained")
    axes = figure.subplots(rows, 4, squeeze=False)
    for row, voice in zip(axes, results.voices, strict=True):
        _speeds(row[0], voice)
        _latencies(row[1], voice)
        _first_audio(row[2], voice)
        _late(row[3], voice)
    figure.suptitle(f"{results.machine.cpu}, {results.machine.cores} cores, {results.date}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _speeds(axes: Any, voice: VoiceResults) -> None:
    names = [speed.precision for speed in voice.speeds]
    places = range(len(names))
    axes.bar([place - 0.2 for place in places], [speed.rtf for speed in voice.speeds], 0.4, label="RTF")
    axes.bar(
        [place + 0.2 for place in places], [speed.rtf_normalised for speed in voice.speeds], 0.4, label="normalised"
    )
    axes.set(title=voice.name, ylabel="real-time factor", xticks=list(places), xticklabels=names, ylim=(0, None))
    _legend(axes)


def _latencies(axes: Any, voice: VoiceResults) -> None:
    for kind in dict.fromkeys(row.kind for row in voice.latencies):
        rows = [row for row in voice.latencies if row.kind == kind]
        lengths = [row.characters for row in rows]
        axes.plot(lengths, [_ms(row.first_audio.p50) for row in rows], "o-", label=f"{kind}, p50")
        axes.plot(lengths, [_ms(row.first_audio.p99) for row in rows], ":", label=f"{kind}, p99")
    axes.set(title="first audio", xlabel="characters", ylabel="ms", xscale="log", ylim=(0, None))
    _legend(axes)


def _first_audio(axes: Any, voice: VoiceResults) -> None:
    for way, rows in _ways(voice).items():
        for name in ("p50", "p95", "p99"):
            values = [_ms(getattr(row.first_audio, name)) for row in rows]
            axes.plot([row.listeners for row in rows], values, "o-", label=f"{way}, {name}")
    axes.set(title="first audio under load", xlabel="listeners", ylabel="ms", ylim=(0, None))
    axes.set_xscale("log", base=2)
    _legend(axes)


def _late(axes: Any, voice: VoiceResults) -> None:
    for way, rows in _ways(voice).items():
        places = [row.listeners for row in rows]
        axes.plot(places, [100 * row.late / max(row.chunks, 1) for row in rows], "o-", label=f"{way}, late chunks")
        axes.plot(places, [100 * row.refused / max(row.requests, 1) for row in rows], ":", label=f"{way}, refused")
    axes.set(title="late and refused", xlabel="listeners", ylabel="%", ylim=(0, None))
    axes.set_xscale("log", base=2)
    _legend(axes)


def _ways(voice: VoiceResults) -> dict[str, list[Load]]:
    return {way: [load for load in voice.loads if load.way == way] for way in dict.fromkeys(x.way for x in voice.loads)}


def _ms(seconds: float | None) -> float:
    return float("nan") if seconds is None else seconds * 1e3


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")
