"""Recordings that texts are spoken like: analyzes a file, or keeps, lists and deletes those of a running server."""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from server.api import RecordingAnalysis, Reference
from server.cli.overrides import add_general_options
from server.cli.references.reference_client import Json, ReferenceClient
from server.cli.tables import print_fields
from server.config import Config
from server.errors import ConfigurationError
from server.logs.escaping import escaped

NAME = "references"
HELP = "recordings that texts are spoken like"
LOG_LEVEL = "WARNING"

_UNITS = {
    "seconds": "s", "f0_median": "Hz", "f0_range": "semitones", "f0_movement": "semitones/s",
    "syllable_rate": "syllables/s", "pause_seconds": "s", "level": "dBFS", "dynamics": "dB", "tilt": "dB/octave",
    "signal_to_noise": "dB",
}  # fmt: skip
_SHARES = ("pause_share", "voiced_share", "clipped_share")


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the actions with their options."""
    actions = command.add_subparsers(required=True, title="actions", metavar="ACTION", dest="action")
    analyze = actions.add_parser("analyze", help="show what is measured of a recording, without a server")
    analyze.add_argument("file", type=Path, help="WAV, MP3, FLAC, M4A, Ogg or WebM")
    analyze.add_argument("--json", action="store_true", help="as JSON")
    add_general_options(analyze)
    add = actions.add_parser("add", help="keep a recording on a server")
    add.add_argument("file", type=Path, help="WAV, MP3, FLAC, M4A, Ogg or WebM")
    add.add_argument("--consent", required=True, help="that the speaker agrees to this use, in your words")
    add.add_argument("--name", help="a name for people (default: that of the file)")
    add.add_argument("--transcript", default="", help="what is said in it")
    listing = actions.add_parser("list", help="list the references, the newest first")
    show = actions.add_parser("show", help="show a reference, and what a voice takes over of its emotion")
    show.add_argument("id", help="the id of the reference")
    show.add_argument("--voice", help="(default: that of the server)")
    show.add_argument("--speaker", help="(default: the first one of the voice)")
    remove = actions.add_parser("remove", help="delete a reference")
    remove.add_argument("id", help="the id of the reference")
    for action in (add, listing, show, remove):
        action.add_argument("--server", metavar="URL", help="(default: this machine, with the configured port)")
        action.add_argument("--key", help="where the server needs one")
        add_general_options(action)


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    if options.action == "analyze":
        return _analyze(options)
    client = ReferenceClient(options.server or f"http://127.0.0.1:{config.server.port}", options.key)
    match options.action:
        case "add":
            print(_add(client, options)["id"])
        case "list":
            for reference in client.list():
                print(_line(reference))
        case "show":
            _show(client, options)
        case "remove":
            print(f"{client.remove(options.id)['id']} is deleted")
    return 0


def _analyze(options: argparse.Namespace) -> int:
    reference = Reference.open(options.file)
    if options.json:
        print(json.dumps(asdict(reference.analysis), ensure_ascii=False, indent=2))
        return 0
    _print(f"{options.file}: {reference.recording.format}", asdict(reference.analysis))
    return 0


def _add(client: ReferenceClient, options: argparse.Namespace) -> Json:
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{options.file} cannot be read: {error.strerror}") from None
    given = {"name": options.name or options.file.stem, "consent": options.consent, "transcript": options.transcript}
    return client.add(data, {name: value for name, value in given.items() if value})


def _line(reference: Json) -> str:
    return f"{reference['id']}  {reference['seconds']:>5.1f} s  {escaped(reference['name'])}"


def _show(client: ReferenceClient, options: argparse.Namespace) -> None:
    reference = client.get(options.id)
    names = {"voice": options.voice, "speaker": options.speaker}
    found = client.settings(options.id, {name: value for name, value in names.items() if value})
    _print(_line(reference), reference["analysis"])
    settings = ", ".join(f"{name} {value}" for name, value in found["settings"].items())
    print(f"  {found['voice']}/{found['speaker']}: {escaped(settings)} (confidence {found['confidence']})")
    for ignored in found["ignored"]:
        print(f"  not taken over: {escaped(ignored)}")


def _print(title: str, analysis: Mapping[str, Any]) -> None:
    print_fields(_figures(analysis), plain="  {}: {}", title=title)


def _figures(analysis: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is measured, with its unit."""
    for name in (each.name for each in fields(RecordingAnalysis) if each.name != "warnings"):
        yield name.replace("_", " "), _figure(name, analysis.get(name))
    for warning in analysis["warnings"]:
        yield "warning", escaped(warning)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "cannot be measured"
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:.2f} {_UNITS.get(name, '')}".rstrip()
