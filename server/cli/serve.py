"""Runs the HTTP server until it is stopped."""

import argparse

from server.cli.overrides import add_override
from server.config import Config
from server.logs.setup import configure_logging

NAME = "serve"
HELP = "run the HTTP server"
LOG_LEVEL = "INFO"


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    add_override(command, "--host", "server.host", metavar="ADDRESS", description="address to listen on")
    add_override(command, "--port", "server.port", metavar="PORT", description="port to listen on")


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    from server.http import serve  # imported here: the other commands do not need aiohttp

    configure_logging(config.logging)
    serve(config, options.effective.sources)
    return 0
