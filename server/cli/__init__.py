"""The commands, one a file. A command is a function of its options; errors become one line here, never a traceback."""

import argparse
import logging
import os
import sys
from pathlib import Path

from server.cli import doctor, embed, serve, speak, text, voices
from server.config import Config, load_config
from server.errors import SpeechError

COMMANDS = (serve, speak, text, voices, embed, doctor)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; the exit code: 0, 1 for an error, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger().setLevel(options.command.LOG_LEVEL)
    try:
        return int(options.command.run(options, _configuration(options)))
    except SpeechError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m server", description="Mandarin speech that streams while it is computed."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        command = commands.add_parser(module.NAME, help=module.HELP, description=module.__doc__)
        command.add_argument(
            "--config", type=Path, metavar="FILE", help="configuration (default: config.yaml if it is there)"
        )
        command.add_argument(
            "--models", type=Path, metavar="DIR", help="where the voices are, in place of the configured folder"
        )
        module.add_options(command)
        command.set_defaults(command=module)
    return parser


def _configuration(options: argparse.Namespace) -> Config:
    config = load_config(options.config)
    if options.models is None:
        return config
    return config.model_copy(update={"models": config.models.model_copy(update={"path": options.models})})
