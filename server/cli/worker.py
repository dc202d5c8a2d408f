"""Computes jobs of servers that share a queue (queue.broker), on this machine."""

import argparse

from server.config import Config
from server.logs.setup import configure_logging

NAME = "worker"
HELP = "compute jobs of servers (queue.broker)"
LOG_LEVEL = "INFO"


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    command.add_argument(
        "--concurrency",
        type=_positive,
        default=0,
        metavar="N",
        help="parts computed at a time (default: jobs.concurrency, else one for each CPU)",
    )


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    from server.jobs.distribution import run_worker  # imported here: the other commands do not need it

    configure_logging(config.logging)
    return run_worker(config, options.concurrency)


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError(f"{text} is not valid; valid: 1 to 1024")
    return number
