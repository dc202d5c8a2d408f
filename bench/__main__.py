"""Command line: `python -m bench` runs every benchmark, `python -m bench COMMAND` a single one."""

import argparse
import json
import shlex
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.commands import COMMANDS, CONCURRENCY_LEVELS, QUICK, TARGETS, Plan
from bench.load.server_process import ServerProcessError
from bench.measure.cost import Prices
from bench.report.markdown import markdown_report, print_section
from bench.report.plot import can_plot, plot
from bench.report.tables import machine_summary, sections
from bench.results.schema import Results, VoiceResults
from bench.system.machine import describe_machine
from bench.voices.engine import EngineSettings
from bench.voices.random_voice import RANDOM_VOICE
from bench.voices.voice import find_voice
from convert.errors import ConvertError
from server.errors import SpeechError
from server.voices.discovery import DEFAULT_VOICE

OUTPUT = Path("build/bench")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line. Returns 0, 1 for an error, 130 after Ctrl-C; exits with 2 for wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    options = parser.parse_args(arguments)
    plan = _plan(options)
    if options.command == "cost" and plan.prices is None:
        parser.error("cost needs prices: --rent, or --watts and --kwh")
    try:
        results = run(options, plan, shlex.join(["python", "-m", "bench", *arguments]))
    except (SpeechError, ConvertError, ServerProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return 130
    _write(results, options.output, options.command or "all")
    if options.json:
        print(_json_line(results, options.command))
    return 0


def run(options: argparse.Namespace, plan: Plan, command_line: str) -> Results:
    """Runs the selected benchmarks on every selected voice; prints each table when it is ready."""
    results = Results(datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), command_line, describe_machine())
    print(machine_summary(results.machine), flush=True)
    commands = (
        [options.command] if options.command else [name for name, command in COMMANDS.items() if not command.is_alone]
    )
    for name in options.voice or ([DEFAULT_VOICE, RANDOM_VOICE] if options.command is None else [None]):
        if name == RANDOM_VOICE:
            print(f"preparing {RANDOM_VOICE}", file=sys.stderr)
        voice = find_voice(options.models, name, plan.settings)
        voice_results = VoiceResults(voice.name, str(voice))
        results.voices.append(voice_results)
        print(f"\n## {voice}", flush=True)
        printed = 0
        for command in commands:
            COMMANDS[command].run(voice, plan, voice_results)
            ready = list(sections(voice_results))
            for section in ready[printed:]:
                print_section(section)
            printed = len(ready)
    return results


def _plan(options: argparse.Namespace) -> Plan:
    prices = Prices(options.rent, options.watts, options.kwh, options.use, options.currency)
    changes = dict(QUICK) if options.quick else {}
    if options.repeat is not None:
        changes |= dict.fromkeys(
            ("repeats", "first_audio_repeats", "news_text_repeats", "capacity_runs"), options.repeat
        )
    if options.requests is not None:
        changes |= dict.fromkeys(("requests", "memory_requests"), options.requests)
    given = {name: getattr(options, name) for name in ("lengths", "concurrency_levels", "seconds", "targets")}
    changes |= {name: value for name, value in given.items() if value is not None}
    return Plan(EngineSettings(options.provider, options.threads), prices if prices.machine_hour else None, **changes)


def _write(results: Results, folder: Path, name: str) -> None:
    """Writes the results as JSON, Markdown and a plot."""
    results.save(folder / f"{name}.json")
    (folder / f"{name}.md").write_text(markdown_report(results), encoding="utf-8")
    written = [f"{name}.json", f"{name}.md"]
    if can_plot():
        plot(results, folder / f"{name}.png")
        written.append(f"{name}.png")
    else:
        print("no plot: matplotlib is not installed (the extra `bench`: pip install '.[bench]')", file=sys.stderr)
    print(f"written to {folder}: {', '.join(written)}", file=sys.stderr)


def _json_line(results: Results, command: str | None) -> str:
    """Returns all results, or for `rtf` only the real-time factors by precision, below voice names if several."""
    if command != "rtf":
        return json.dumps(results.document(), ensure_ascii=False)
    factors = {voice.name: {result.precision: round(result.rtf, 4) for result in voice.rtf} for voice in results.voices}
    return json.dumps(factors if len(factors) > 1 else next(iter(factors.values())), ensure_ascii=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Benchmarks of the voices: real-time factor, latency, load, batching and cost.",
        epilog="Without COMMAND all but piper, capacity, soak, memory, emotion and delivery run. "
        f"Prices: docs/performance.md. {RANDOM_VOICE} is a full-size voice with random weights, "
        "built when it is selected.",
    )
    _add_options(parser, {})
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.description, description=command.description)
        _add_options(subparser, {"default": argparse.SUPPRESS})  # keeps options given before the command
        subparser.set_defaults(command=name)
    return parser


def _add_options(parser: argparse.ArgumentParser, overrides: dict[str, Any]) -> None:
    def add(name: str, text: str, default: Any = None, **settings: Any) -> None:
        parser.add_argument(name, help=text, **{"default": default, **settings, **overrides})

    add("--models", "folder of the voices (default: models)", Path("models"), type=Path, metavar="DIR")
    add(
        "--voice",
        f"voice to measure, repeatable (default: {DEFAULT_VOICE} and {RANDOM_VOICE}; with a COMMAND the default voice)",
        action="append",
        metavar="NAME",
    )
    add(
        "--provider",
        "execution provider (default: cpu); tensorrt falls back to cuda and cuda to the CPU, with the reason",
        "cpu",
        choices=("cpu", "cuda", "tensorrt"),
    )
    add("--threads", "threads of one graph run (default: 0, the server's default)", 0, type=int)
    add("--quick", "fewer repeats, lengths and clients: minutes instead of half an hour", False, action="store_true")
    add("--json", "print one line of JSON at the end", False, action="store_true")
    add("--output", f"folder for the results (default: {OUTPUT})", OUTPUT, type=Path, metavar="DIR")
    add("--repeat", "repeats of each measurement", type=_positive)
    add("--lengths", "text lengths in characters, comma-separated", type=_positive_list, metavar="LIST")
    levels = ",".join(map(str, CONCURRENCY_LEVELS))
    add(
        "--levels",
        f"numbers of concurrent clients (default: {levels})",
        dest="concurrency_levels",
        type=_positive_list,
        metavar="LIST",
    )
    add("--seconds", "duration of each level of the load test, and of each run of capacity (default: 30)", type=float)
    add("--requests", "number of requests of soak (default: 20000) and memory (2000)", type=_positive)
    add(
        "--ways",
        "targets: engine, http, or both comma-separated (default)",
        dest="targets",
        type=_targets,
        metavar="LIST",
    )
    add("--rent", "price of the machine per hour", 0.0, type=float)
    add("--watts", "power consumption of the machine", 0.0, type=float)
    add("--kwh", "price of a kilowatt hour", 0.0, type=float)
    add("--use", "utilization: share of time spent synthesizing, above 0 to 1 (default: 1)", 1.0, type=_share)
    add("--currency", "currency of the prices, for the table", "")


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a whole number above 0")
    return number


def _positive_list(value: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in value.split(","))


def _share(value: str) -> float:
    number = float(value)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0 and at most 1")
    return number


def _targets(value: str) -> tuple[str, ...]:
    names = tuple(value.split(","))
    if unknown := [name for name in names if name not in TARGETS]:
        raise argparse.ArgumentTypeError(f"unknown target {unknown[0]!r}; valid: {', '.join(TARGETS)}")
    return names


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception: a started server is terminated too
    sys.exit(main())
