"""Long work on a running server: makes jobs of files, watches and lists them, fetches their results."""

import argparse
import sys
from pathlib import Path

from server.cli.http_client import ServerError
from server.cli.jobs.job_client import KINDS, JobClient, Json
from server.cli.overrides import add_general_options
from server.config import Config
from server.errors import ConfigurationError
from server.logs.escaping import escaped

NAME = "jobs"
HELP = "long work on a running server"
LOG_LEVEL = "WARNING"

_SUFFIXES = {".srt": "srt", ".jsonl": "jsonl", ".ndjson": "jsonl", ".ssml": "ssml", ".xml": "ssml"}


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the actions with their options."""
    actions = command.add_subparsers(required=True, title="actions", metavar="ACTION", dest="action")
    submit = actions.add_parser("submit", help="make a job of a file")
    submit.add_argument("file", type=Path, help="text, SSML, subtitles (.srt) or JSON lines (.jsonl)")
    submit.add_argument("--kind", choices=KINDS, help="what the file is (default: by its suffix, else text)")
    submit.add_argument(
        "--field", action="append", default=[], metavar="NAME=VALUE", help="a field of the request, such as voice=demo"
    )
    submit.add_argument("--output", type=Path, metavar="FILE", help="wait for the end, and write the result")
    listing = actions.add_parser("list", help="list the jobs, the newest first")
    listing.add_argument("--state", help="only those in this state")
    for name, text in (("show", "show a job"), ("watch", "show a job until it has ended"), ("cancel", "cancel a job")):
        actions.add_parser(name, help=text).add_argument("id", help="the id of the job")
    fetch = actions.add_parser("fetch", help="write the result of a job")
    fetch.add_argument("id", help="the id of the job")
    fetch.add_argument("--output", type=Path, metavar="FILE", help="(default: its own name, in this folder)")
    for action in actions.choices.values():
        action.add_argument("--server", metavar="URL", help="(default: this machine, with the configured port)")
        action.add_argument("--key", help="where the server needs one")
        add_general_options(action)


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code: 1 for a job that failed."""
    client = JobClient(options.server or f"http://127.0.0.1:{config.server.port}", options.key)
    match options.action:
        case "submit":
            return _submit(client, options)
        case "list":
            for job in client.list(options.state):
                print(_line(job))
        case "show":
            _print(client.get(options.id))
        case "watch":
            return _watch(client, options.id)
        case "fetch":
            _fetch(client, client.get(options.id), options.output)
        case "cancel":
            answer = client.delete(options.id)
            print(f"{answer['id']} is {'forgotten' if answer['deleted'] else answer['state']}")
    return 0


def _submit(client: JobClient, options: argparse.Namespace) -> int:
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{options.file} cannot be read: {error.strerror}") from None
    kind = options.kind or _SUFFIXES.get(options.file.suffix.lower(), "text")
    fields = {"name": options.file.stem, **dict(map(_field, options.field))}
    job = client.create(data, kind, fields)
    if options.output is None:
        print(job["id"])
        return 0
    code = _watch(client, job["id"])
    if code == 0:
        _fetch(client, client.get(job["id"]), options.output)
    return code


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"--field must be NAME=VALUE, such as voice=demo, not {text}")
    return name, value


def _watch(client: JobClient, job_id: str) -> int:
    """Shows each change on the standard error, and the job at the end."""
    start, end = ("\r", "") if sys.stderr.isatty() else ("", "\n")
    for job in client.watch(job_id):
        print(f"{start}{_line(job)}", end=end, file=sys.stderr, flush=True)
    print(end="\n" if start else "", file=sys.stderr)
    job = client.get(job_id)
    if job["state"] in ("queued", "running"):
        raise ServerError(f"the server has ended the events of {job_id}, which is {job['state']}; watch it again")
    _print(job)
    return 0 if job["state"] == "done" else 1


def _fetch(client: JobClient, job: Json, output: Path | None) -> None:
    if job["result"] is None:
        raise ConfigurationError(f"{job['id']} has no result: it is {job['state']}")
    path = output or Path(Path(job["result"]["name"]).name)
    client.fetch(job, path)
    print(path)


def _line(job: Json) -> str:
    return f"{job['id']}  {job['state']:<9}  {job['progress']['share']:>4.0%}  {escaped(job['name'])}"


def _print(job: Json) -> None:
    print(_line(job))
    progress = job["progress"]
    print(f"  parts: {progress['parts_done']} of {progress['parts']}")
    print(f"  characters: {progress['characters_done']} of {progress['characters']}")
    for name in ("error", "waiting"):
        if job[name]:
            print(f"  {name}: {escaped(job[name])}")
    if result := job["result"]:
        print(f"  result: {escaped(result['name'])}, {result['size'] / 1e6:.1f} MB, {result['seconds']:.1f} s")
        for warning in result["warnings"]:
            print(f"  warning: {escaped(warning)}")
