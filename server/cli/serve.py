"""Serves speech over HTTP until it is stopped."""

import argparse
import logging

from server.config import Config

NAME = "serve"
HELP = "serve speech over HTTP"
LOG_LEVEL = logging.INFO


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on, in place of the configured one")
    command.add_argument("--port", type=int, help="port to listen on, in place of the configured one")


def run(options: argparse.Namespace, config: Config) -> int:
    from server.http import serve  # here, so that the other commands start without a web framework

    given = {name: getattr(options, name) for name in ("host", "port") if getattr(options, name) is not None}
    config = config.model_copy(update={"server": config.server.model_copy(update=given)})
    serve(config)
    return 0
