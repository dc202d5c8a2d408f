"""Runs the HTTP server until it is stopped."""

import argparse

from server.config import Config
from server.logs.setup import configure_logging

NAME = "serve"
HELP = "run the HTTP server"
LOG_LEVEL = "INFO"


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    command.add_argument("--host", help="address to listen on (default: server.host of the configuration)")
    command.add_argument("--port", type=int, help="port to listen on (default: server.port of the configuration)")


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    from server.http import serve  # imported here: the other commands do not need aiohttp

    configure_logging(config.logging)
    given = {name: getattr(options, name) for name in ("host", "port") if getattr(options, name) is not None}
    serve(config.updated("server", **given))
    return 0
