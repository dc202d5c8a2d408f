"""Creates the aiohttp application and serves it."""

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from server.config import Config, ConfigSources, Reconfiguration
from server.http import static_files
from server.http.dashscope.route import PATH as WEBSOCKET_PATH
from server.http.errors import error_middleware
from server.http.jobs.metrics import JOBS
from server.http.jobs.routes import JobsRoutes
from server.http.jobs.startup import running_jobs
from server.http.models import ModelsRoute
from server.http.openapi.route import OpenApiRoute
from server.http.operations.access_log import AccessLog, shorten_unreadable_requests
from server.http.operations.cache_metrics import CACHE, WARM_UP
from server.http.operations.health import HealthRoute
from server.http.operations.metrics import Metrics, add_metrics
from server.http.operations.readiness import ReadinessRoute
from server.http.operations.request_id import add_request_id, request_id_middleware
from server.http.operations.server_reports import CONNECTIONS
from server.http.operations.service_manager import ServiceManager
from server.http.references.metrics import REFERENCES
from server.http.references.routes import ReferencesRoutes
from server.http.references.startup import sweeping
from server.http.reload import RELOADS, ConfigReload
from server.http.services import Services
from server.http.serving import Serving
from server.http.speech.request import max_bytes
from server.http.speech.route import SpeechRoute
from server.http.speech.timestamps import TimestampsRoute
from server.http.voices import VoicesRoute
from server.logs.setup import reconfigure as reconfigure_logging

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

SERVICES = web.AppKey("services", Services)
SERVING = web.AppKey("serving", Serving)


def create_app(registry: "VoiceRegistry", config: Config, sources: ConfigSources | None = None) -> web.Application:
    """Returns the application. Raises `ConfigurationError` where the keys cannot be read.

    It loads the voices when it starts, and closes running streams when it ends. With `sources`, it reads the
    configuration again on SIGHUP.
    """
    max_size = max_bytes(config.synthesis.max_characters)
    connection_options = {
        "max_line_size": max_size,
        "access_log_class": AccessLog,
        "keepalive_timeout": config.limits.idle_seconds,
    }
    services = Services(registry, config, max_size)
    # The first one is outermost: an error is logged with the id of its request.
    middlewares = [request_id_middleware, error_middleware, services.access.middleware]
    app = web.Application(middlewares=middlewares, client_max_size=max_size, handler_args=connection_options)
    logging.getLogger("aiohttp.server").addFilter(shorten_unreadable_requests)
    app.on_response_prepare.extend((add_request_id, services.access.add_headers))
    app[SERVICES] = services
    app[SERVING] = Serving(
        app, services.startup, services.scheduler, services.streams, services.connections, connection_options
    )
    _add_routes(app, services, config)
    metrics = _add_metrics(app, services, config) if config.metrics.enabled else None
    _run_services(app, services)
    manager = ServiceManager.from_environment(services.startup, services.scheduler)
    if manager:
        app.cleanup_ctx.append(manager.run)
        app.on_shutdown.append(manager.stopping)
    if sources:
        reload = ConfigReload(_reconfiguration(services, config), sources, manager)
        app.cleanup_ctx.append(reload.run)
        if metrics:
            metrics.add(lambda: reload.report, RELOADS)
    _close_services(app, services)
    return app


def _add_routes(app: web.Application, services: Services, config: Config) -> None:
    registry, startup = services.registry, services.startup
    speech, models = SpeechRoute(services.preparation, services.speech_streams), ModelsRoute()
    app.router.add_post("/v1/audio/speech", speech.post)
    app.router.add_get("/v1/audio/speech", speech.get, allow_head=False)
    app.router.add_head("/v1/audio/speech", speech.head)
    app.router.add_post("/v1/audio/speech/timestamps", TimestampsRoute(services.preparation, services.streams).post)
    app.router.add_post("/v1/text", services.text.post)
    app.router.add_get("/v1/audio/voices", VoicesRoute(registry, startup).get)
    for path in (WEBSOCKET_PATH, WEBSOCKET_PATH + "/"):
        app.router.add_get(path, services.websocket.connect)
    JobsRoutes(
        services.jobs, startup.require_ready, lambda: services.streams.stall_limit, services.job_references
    ).add_to(app.router)
    ReferencesRoutes(services.references, registry, startup).add_to(app.router)
    services.admin.add_routes(app)
    app.router.add_get("/v1/models", models.list)
    app.router.add_get("/v1/models/{model}", models.get)
    app.router.add_get("/health", HealthRoute(registry, startup, services.scheduler, services.jobs.report).get)
    app.router.add_get("/ready", ReadinessRoute(registry, startup, config.runtime.providers[0]).get)
    app.router.add_get("/openapi.json", OpenApiRoute(config).get)
    app.add_routes(static_files.routes())


def _add_metrics(app: web.Application, services: Services, config: Config) -> Metrics:
    metrics = add_metrics(app, services.registry, services.startup, services.scheduler, config)
    metrics.add(services.jobs.report, JOBS)
    metrics.add(services.references.report, REFERENCES)
    metrics.add(services.cache.report, CACHE)
    metrics.add(services.warm_up.report, WARM_UP)
    metrics.add(lambda: services.connections, CONNECTIONS)
    return metrics


def _run_services(app: web.Application, services: Services) -> None:
    """What runs beside the requests, from the start of the application to its end."""
    app.cleanup_ctx.append(services.access.run)
    app.cleanup_ctx.append(lambda app: sweeping(services.references))
    app.cleanup_ctx.append(services.startup.run)
    app.cleanup_ctx.append(services.warm_up.run)
    app.cleanup_ctx.append(lambda app: running_jobs(services.jobs, services.startup))
    app.on_shutdown.append(lambda app: services.jobs.close())


def _close_services(app: web.Application, services: Services) -> None:
    """What ends the streams that are left, while their connections are open."""
    app.on_shutdown.append(lambda app: services.websocket.close())
    app.on_shutdown.append(lambda app: services.startup.close())
    app.on_shutdown.append(lambda app: services.streams.close())


def _reconfiguration(services: Services, config: Config) -> Reconfiguration:
    """Everything that takes a changed configuration while it runs."""
    reconfiguration = Reconfiguration(config)
    reconfiguration.add(reconfigure_logging)
    for checked in (services.access, services.registry):
        reconfiguration.add(checked.reconfigure, check=checked.check)
    for component in (
        services.references,
        services.preparation,
        services.text,
        services.websocket,
        services.cache,
        services.streams,
        services.connections,
        services.renderer,
        services.jobs,
        services.job_references,
        services.admin,
    ):
        reconfiguration.add(component.reconfigure)
    return reconfiguration


def serve(config: Config, sources: ConfigSources | None = None) -> None:
    """Serves until SIGINT or SIGTERM; `sources` are read again on SIGHUP.

    Raises `ConfigurationError` when the address cannot be listened on.
    """
    # Imported here, so that importing this package loads nothing that computes.
    from server.synthesis.registry import VoiceRegistry

    app = create_app(VoiceRegistry(config), config, sources)
    app[SERVICES].access.warn_if_open(config.server.host)
    asyncio.run(app[SERVING].run(config.server))
