"""Shows the effective configuration, with where each value comes from. Secrets are hidden."""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from server.config import Config, EffectiveConfig
from server.config.keys import keys, sections
from server.config.sections.section import SHOWN
from server.errors import ConfigurationError
from server.text.pronunciation.user_lexicon import UserLexicon
from server.voices.aliases import aliases

NAME = "config"
HELP = "show the configuration, and where each value comes from"
LOG_LEVEL = "WARNING"

LEGEND = """\
# After each value: where it comes from. The server takes a change of a value that is marked with `reload` on SIGHUP; a
# change of another one needs a restart."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    output = command.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON")
    output.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="only say whether `serve` could start with this file (and with the environment variables and options)",
    )


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    effective: EffectiveConfig = options.effective
    if options.check:
        check(config)
        print(f"{options.check} is valid")
    elif options.json:
        print(json.dumps(_document(effective), ensure_ascii=False, indent=2))
    else:
        print(LEGEND, *_lines(effective), sep="\n")
    return 0


def check(config: Config) -> None:
    """Raises `ConfigurationError` for what the sections cannot validate on their own."""
    problems = []
    for part in (lambda: UserLexicon.of(config.text.lexicon, config.text.location_of), lambda: aliases(config)):
        try:
            part()
        except ConfigurationError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError("\n".join(problems))


def _document(effective: EffectiveConfig) -> dict[str, Any]:
    shown = effective.config.model_dump(mode="json", context=SHOWN)
    content: dict[str, Any] = {section: {} for section in sections()}
    for path, key in keys().items():
        value, origin = shown[key.section][key.name], effective.origins[path]
        content[key.section][key.name] = {"value": value, "origin": origin, "reload": key.is_reloadable}
    return content


def _lines(effective: EffectiveConfig) -> Iterator[str]:
    for section, values in _document(effective).items():
        yield ""
        yield f"{section}:"
        for name, entry in values.items():
            mark = "; reload" if entry["reload"] else ""
            yield f"  {name}: {_one_line(entry['value'])}  # {entry['origin']}{mark}"


def _one_line(value: Any) -> str:
    """The value in YAML."""
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf)
    inner = text.strip()[1:-1]
    return json.dumps(value) if "\n" in inner else inner
