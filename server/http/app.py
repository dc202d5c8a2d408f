"""Puts the application together and serves it."""

from typing import TYPE_CHECKING

from aiohttp import web

from server.config import Config
from server.errors import ConfigurationError
from server.http import static_files
from server.http.errors import error_middleware
from server.http.health import HealthRoute
from server.http.speech import SpeechRoute
from server.http.startup import Startup
from server.http.streams import ActiveStreams
from server.http.voices import VoicesRoute
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

_BYTES_PER_CHARACTER = 12
"""The most that JSON needs for one character: a pair of \\uXXXX."""
_BYTES_BESIDES = 2**20
"""Room for the other fields, so that a text that is somewhat too long is refused in words about the text."""

_SHUTDOWN_SECONDS = 3.0
"""How long a listener who does not read may delay the end of the server."""


def create_app(registry: "VoiceRegistry", config: Config) -> web.Application:
    """The application. It loads the voices when it starts, and closes running streams when it ends."""
    longest = config.synthesis.max_characters
    app = web.Application(
        middlewares=[error_middleware],
        client_max_size=_BYTES_PER_CHARACTER * longest + _BYTES_BESIDES,
    )
    scheduler = Scheduler(config.scheduler)
    streams = ActiveStreams(scheduler)
    startup = Startup(registry, scheduler)
    app.add_routes(SpeechRoute(registry, startup, streams, config).routes())
    app.add_routes(VoicesRoute(registry, startup).routes())
    app.add_routes(HealthRoute(registry, startup, scheduler).routes())
    app.add_routes(static_files.routes())

    async def close_streams(app: web.Application) -> None:
        await streams.close()

    app.cleanup_ctx.append(startup.run)
    app.on_shutdown.append(close_streams)
    return app


def serve(config: Config) -> None:
    """Serves until SIGINT or SIGTERM. Raises `ConfigurationError` when the address cannot be listened on."""
    # Imported here, so that importing this package loads nothing that computes.
    from server.synthesis.registry import VoiceRegistry

    app = create_app(VoiceRegistry(config), config)
    host, port = config.server.host, config.server.port
    try:
        web.run_app(
            app,
            host=host,
            port=port,
            handler_cancellation=True,  # else a client that goes away is noticed only at the next write
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; choose another server.host or server.port"
        ) from error
