"""The command line. Each command is one module with `NAME`, `HELP`, `LOG_LEVEL`, `add_options` and `run`."""

import argparse
import os
import sys
from pathlib import Path

from server.cli import config, doctor, embed, jobs, keys, references, serve, speak, text, voices, worker
from server.cli.overrides import add_general_options, overrides
from server.config import ConfigSources, LoggingSection
from server.errors import SpeechError
from server.logs.setup import configure_logging

COMMANDS = (serve, worker, jobs, speak, references, text, voices, embed, keys, config, doctor)

DESCRIPTION = """\
Mandarin text-to-speech with Sambert-HiFiGAN voices: an HTTP server that streams the audio while it is computed, and
commands for speech in files, text analysis and voices."""

EPILOG = """\
`%(prog)s COMMAND --help` lists the options of a command. Voices are folders in ./models, or where --models points;
convert one with `python -m convert`. The configuration is ./config.yaml, or the file given with --config; environment
variables (SAMBERT_SERVER__PORT=8000) override it, and --set server.port=8000 overrides both."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns the exit code: 0, 1 for an error, 2 for wrong usage, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    configure_logging(LoggingSection(), options.command.LOG_LEVEL)
    try:
        file = getattr(options, "check", None) or options.config
        options.effective = ConfigSources(file, os.environ, overrides(options)).read()
        return int(options.command.run(options, options.effective.config))
    except SpeechError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of the output has exited, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


class _CommandsHelp(argparse.HelpFormatter):
    """Leaves room for the longest command: argparse forgets how far they are indented."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = max(len(module.NAME) for module in COMMANDS) + 2 * self._indent_increment


def _parser() -> argparse.ArgumentParser:
    program = "sambert-server" if Path(sys.argv[0]).stem == "sambert-server" else "python -m server"
    parser = argparse.ArgumentParser(
        prog=program, description=DESCRIPTION, epilog=EPILOG, formatter_class=_CommandsHelp
    )
    commands = parser.add_subparsers(required=True, title="commands", metavar="COMMAND")
    for module in COMMANDS:
        command = commands.add_parser(module.NAME, help=module.HELP, description=module.__doc__)
        if module not in (keys, jobs, references):  # whose actions have them
            add_general_options(command)
        module.add_options(command)
        command.set_defaults(command=module)
    return parser
