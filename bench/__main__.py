"""Command line: `python -m bench` measures everything, `python -m bench COMMAND` one thing."""

import argparse
import json
import shlex
import signal
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bench.commands import COMMANDS, QUICK, WAYS, Plan
from bench.load.load import LEVELS
from bench.load.service import ServiceError
from bench.measure.cost import Prices
from bench.measure.machine import this_machine
from bench.report.plot import can_plot, plot
from bench.report.report import machine, report, sections
from bench.report.results import Results, VoiceResults
from bench.voices.voices import RANDOM, Engine, find
from convert.errors import ConvertError
from server.errors import SpeechError
from server.voices.discovery import DEFAULT_VOICE

OUTPUT = Path("build/bench")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0, 1 for an error, 2 for wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    options = parser.parse_args(arguments)
    plan = _plan(options)
    if options.command == "cost" and plan.prices is None:
        parser.error("cost needs prices: --rent, or --watts and --kwh")
    try:
        results = measure(options, plan, shlex.join(["python", "-m", "bench", *arguments]))
    except (SpeechError, ConvertError, ServiceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return 130
    _write(results, options.output, options.command or "all")
    if options.json:
        print(_line(results, options.command))
    return 0


def measure(options: argparse.Namespace, plan: Plan, command: str) -> Results:
    """Every voice by every command that was asked for; tables appear as they are ready."""
    results = Results(datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), command, this_machine())
    print(machine(results.machine), flush=True)
    chosen = [options.command] if options.command else list(COMMANDS)
    for name in options.voice or ([DEFAULT_VOICE, RANDOM] if options.command is None else [None]):
        if name == RANDOM:
            print(f"preparing {RANDOM}", file=sys.stderr)
        subject = find(options.models, name, plan.engine)
        results.voices.append(voice := VoiceResults(subject.name, str(subject)))
        print(f"\n## {subject}", flush=True)
        shown = 0
        for one in chosen:
            COMMANDS[one][1](subject, plan, voice)
            parts = list(sections(voice))
            print("".join(f"\n{part}\n" for part in parts[shown:]), end="", flush=True)
            shown = len(parts)
    return results


def _plan(options: argparse.Namespace) -> Plan:
    plan = Plan(Engine(options.provider, options.threads), _prices(options))
    if options.quick:
        plan = replace(plan, **QUICK)
    if options.repeat is not None:
        plan = replace(plan, repeat=options.repeat, first_repeat=options.repeat, quoted_repeat=options.repeat)
    given = {name: getattr(options, name) for name in ("lengths", "levels", "seconds", "ways")}
    return replace(plan, **{name: value for name, value in given.items() if value is not None})


def _prices(options: argparse.Namespace) -> Prices | None:
    prices = Prices(options.rent, options.watts, options.kwh, options.use, options.currency)
    return prices if prices.hour else None


def _write(results: Results, folder: Path, name: str) -> None:
    """What was measured, for a program, for a person, and as a picture."""
    results.save(folder / f"{name}.json")
    (folder / f"{name}.md").write_text(report(results), encoding="utf-8")
    written = [f"{name}.json", f"{name}.md"]
    if can_plot():
        plot(results, folder / f"{name}.png")
        written.append(f"{name}.png")
    else:
        print("no plot: matplotlib is not installed (the extra `bench`: pip install '.[bench]')", file=sys.stderr)
    print(f"written to {folder}: {', '.join(written)}", file=sys.stderr)


def _line(results: Results, command: str | None) -> str:
    """One line for a program: real-time factors by precision (of several voices by their names), or all results."""
    if command != "rtf":
        return json.dumps(asdict(results), ensure_ascii=False)
    factors = {voice.name: {speed.precision: round(speed.rtf, 4) for speed in voice.speeds} for voice in results.voices}
    return json.dumps(factors if len(factors) > 1 else next(iter(factors.values())), ensure_ascii=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures how fast the voices speak, how soon, how many at a time, and at what price.",
        epilog=f"Without COMMAND everything is measured. Prices: docs/performance.md. {RANDOM} is a voice of full size "
        "with random weights, made when it is asked for.",
    )
    _add_options(parser, {})
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, (title, _) in COMMANDS.items():
        command = commands.add_parser(name, help=title, description=title)
        _add_options(command, {"default": argparse.SUPPRESS})  # keeps what was said before the command
        command.set_defaults(command=name)
    return parser


def _add_options(parser: argparse.ArgumentParser, own: dict[str, Any]) -> None:
    def add(name: str, text: str, default: Any = None, **settings: Any) -> None:
        parser.add_argument(name, help=text, **{"default": default, **settings, **own})

    add("--models", "folder of the voices (default: models)", Path("models"), type=Path, metavar="DIR")
    add(
        "--voice",
        f"voice to measure, may be repeated (default: {DEFAULT_VOICE} and {RANDOM}; the default voice for a COMMAND)",
        action="append",
        metavar="NAME",
    )
    add(
        "--provider",
        "what to compute on (default: cpu; tensorrt turns to cuda, cuda to the CPU where it cannot work, and says why)",
        "cpu",
        choices=("cpu", "cuda", "tensorrt"),
    )
    add("--threads", "of one computation (default: 0, as the server chooses)", 0, type=int)
    add("--quick", "fewer repeats, lengths and listeners: minutes in place of half an hour", False, action="store_true")
    add("--json", "end with one line of JSON", False, action="store_true")
    add("--output", f"folder for the results (default: {OUTPUT})", OUTPUT, type=Path, metavar="DIR")
    add("--repeat", "how often each thing is measured", type=_positive)
    add("--lengths", "of texts, in characters, with commas", type=_numbers, metavar="LIST")
    add("--levels", f"listeners at a time (default: {','.join(map(str, LEVELS))})", type=_numbers, metavar="LIST")
    add("--seconds", "that listeners go on asking, at each level (default: 30)", type=float)
    add("--ways", "engine, http, or both with a comma (default)", type=_ways, metavar="LIST")
    add("--rent", "price of the machine, an hour", 0.0, type=float)
    add("--watts", "power that the machine draws", 0.0, type=float)
    add("--kwh", "price of a kilowatt hour", 0.0, type=float)
    add("--use", "share of the time in which the machine speaks, above 0 to 1 (default: 1)", 1.0, type=_share)
    add("--currency", "of the prices; for the table", "")


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a whole number above 0")
    return number


def _numbers(value: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in value.split(","))


def _share(value: str) -> float:
    number = float(value)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0 and at most 1")
    return number


def _ways(value: str) -> tuple[str, ...]:
    names = tuple(value.split(","))
    if unknown := [name for name in names if name not in WAYS]:
        raise argparse.ArgumentTypeError(f"unknown way {unknown[0]!r}; valid: {', '.join(WAYS)}")
    return names


def _end(*_: object) -> NoReturn:
    """As an exception, so that a server that was started is ended too."""
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
