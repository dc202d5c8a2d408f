"""Adds, lists and revokes the keys of clients. A running server notices each change."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from server.access.key_file import KeyFile, entry_text
from server.access.key_ring import has_expired
from server.access.quota import CharacterQuota
from server.access.secret import hash_secret, new_secret
from server.cli.overrides import add_general_options
from server.cli.tables import print_table
from server.config import RIGHTS, AccessKey, Config
from server.errors import RequestError, SpeechError, validation_message
from server.voices.discovery import voice_folders

NAME = "keys"
HELP = "add, list and revoke the keys of clients"
LOG_LEVEL = "WARNING"

LIMITS = ("max_streams", "characters_per_day", "voices", "rights", "weight", "expires")
COLUMNS = ("name", "rights", "streams", "characters a day", "today", "voices", "weight", "expires", "from")


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the actions with their options."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a key and print it, once")
    add.add_argument("name", metavar="NAME", help="name of the key, which logs and metrics show")
    add.add_argument("--max-streams", type=int, metavar="N", help="streams at a time (default: no limit of its own)")
    add.add_argument(
        "--characters-per-day", type=int, metavar="N", help="characters of texts a day (default: no limit)"
    )
    add.add_argument("--voices", type=_names, metavar="A,B", help="voices that it may use (default: all)")
    add.add_argument("--rights", type=_names, metavar="A,B", help=f"of {', '.join(RIGHTS)} (default: speech)")
    add.add_argument("--weight", type=float, metavar="X", help="share of places that others wait for (default: 1)")
    add.add_argument("--expires", type=_date, metavar="YYYY-MM-DD", help="last day (UTC) on which it is valid")
    add.add_argument("--entry", action="store_true", help="store nothing; print the entry for config.yaml")
    revoke = actions.add_parser("revoke", help="remove a key")
    revoke.add_argument("name", metavar="NAME")
    for action in (add, revoke, actions.add_parser("list", help="list the keys with their limits")):
        add_general_options(action)


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    match options.action:
        case "add":
            _add(options, config)
        case "revoke":
            _revoke(options.name, config)
        case _:
            _list(config)
    return 0


def _add(options: argparse.Namespace, config: Config) -> None:
    """The key alone goes to standard output, for scripts."""
    limits: dict[str, Any] = {name: value for name in LIMITS if (value := getattr(options, name)) is not None}
    secret = new_secret()
    today = datetime.now(UTC).date()
    try:
        key = AccessKey(name=options.name, sha256=hash_secret(secret), created=today, **limits)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        raise RequestError(validation_message(str(details["loc"][0]), details)) from None
    if has_expired(key):
        raise RequestError(f"--expires {key.expires} is over; today is {today} (UTC)")
    _require_new_name(key.name, config.access.keys, "config.yaml")
    file = KeyFile(config.storage.path)
    if not options.entry:
        file.change(lambda keys: [*_require_new_name(key.name, keys, str(file.path)), key])
    stored = "" if options.entry else f"; its hash is in {file.path}"
    print(f"the key of {key.name}, which is shown only here{stored}:", file=sys.stderr, flush=True)
    print(secret, flush=True)
    if options.entry:
        print("its entry in config.yaml, under access.keys:", file=sys.stderr, flush=True)
        print(entry_text(key), end="")
    for voice in _missing_voices(key, config):
        print(f"note: there is no voice {voice!r} in {config.models.path} now", file=sys.stderr)


def _missing_voices(key: AccessKey, config: Config) -> Sequence[str]:
    """The voices of a key that do not exist: they may come later."""
    try:
        found = {folder.name for folder in voice_folders(config.models.path)}
    except SpeechError:
        found = set()
    return [voice for voice in key.voices or () if voice not in found]


def _require_new_name(name: str, keys: Sequence[AccessKey], place: str) -> Sequence[AccessKey]:
    if any(key.name == name for key in keys):
        raise RequestError(f"{place} has a key {name!r} already; choose another name, or revoke that one first")
    return keys


def _revoke(name: str, config: Config) -> None:
    if any(key.name == name for key in config.access.keys):
        raise RequestError(f"key {name!r} is in config.yaml; remove it there from access.keys")

    def without(keys: Sequence[AccessKey]) -> Sequence[AccessKey]:
        kept = [key for key in keys if key.name != name]
        if len(kept) == len(keys):
            raise RequestError(f"there is no key {name!r}; valid: {', '.join(key.name for key in keys) or 'none'}")
        return kept

    KeyFile(config.storage.path).change(without)
    print(f"revoked {name}; what it has begun goes on to its end", file=sys.stderr)


def _list(config: Config) -> None:
    file = KeyFile(config.storage.path)
    listed = [*((key, "config.yaml") for key in config.access.keys), *((key, file.path.name) for key in file.read())]
    if not listed:
        print(f"there is no key, neither in config.yaml nor in {file.path}; `python -m server keys add NAME` adds one")
        return
    quota = CharacterQuota(config.storage.path)
    print_table(COLUMNS, ([*_limits(key, quota), place] for key, place in listed))


def _limits(key: AccessKey, quota: CharacterQuota) -> Iterator[str]:
    yield key.name
    yield ", ".join(key.rights)
    yield str(key.max_streams or "any")
    yield str(key.characters_per_day or "any")
    yield str(quota.used(key.name))
    yield "all" if key.voices is None else ", ".join(key.voices)
    yield f"{key.weight:g}"
    yield f"{key.expires or 'never'}{' (over)' if has_expired(key) else ''}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"write a day such as 2030-12-31, not {text!r}") from None
