"""Creates the aiohttp application and serves it."""

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from server.cache import AudioCache
from server.config import Config, ConfigSources, Reconfiguration
from server.http import static_files
from server.http.access.access_control import AccessControl
from server.http.admin.voices import AdminVoices
from server.http.connections.open_connections import OpenConnections
from server.http.dashscope import route as dashscope
from server.http.errors import error_middleware
from server.http.jobs.metrics import JOBS
from server.http.jobs.routes import JobsRoutes
from server.http.jobs.startup import running_jobs
from server.http.models import ModelsRoute
from server.http.openapi.route import OpenApiRoute
from server.http.operations.access_log import AccessLog, shorten_unreadable_requests
from server.http.operations.cache_metrics import CACHE, WARM_UP
from server.http.operations.health import HealthRoute
from server.http.operations.metrics import add_metrics
from server.http.operations.readiness import ReadinessRoute
from server.http.operations.request_id import add_request_id, request_id_middleware
from server.http.operations.server_reports import CONNECTIONS
from server.http.operations.service_manager import ServiceManager
from server.http.reload import RELOADS, ConfigReload
from server.http.serving import Serving
from server.http.speech.prepared_speech import SpeechPreparation
from server.http.speech.route import SpeechRoute
from server.http.speech.speech_streams import SpeechStreams
from server.http.speech.timestamps import TimestampsRoute
from server.http.speech.warm_up import WarmUp
from server.http.startup import Startup
from server.http.voices import VoicesRoute
from server.jobs.distribution import create_job_service
from server.jobs.rendering.renderer import JobRenderer
from server.logs.setup import reconfigure as reconfigure_logging
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

_BYTES_PER_CHARACTER = 12
"""The maximum: a pair of \\uXXXX in JSON, four percent-encoded bytes in a URL."""
_OTHER_BYTES = 2**20
"""For the other fields. A text that is slightly too long must reach the check that reports its length."""


ACCESS = web.AppKey("access", AccessControl)
SERVING = web.AppKey("serving", Serving)


def create_app(registry: "VoiceRegistry", config: Config, sources: ConfigSources | None = None) -> web.Application:
    """Returns the application. Raises `ConfigurationError` where the keys cannot be read.

    It loads the voices when it starts, and closes running streams when it ends. With `sources`, it reads the
    configuration again on SIGHUP.
    """
    max_size = _BYTES_PER_CHARACTER * config.synthesis.max_characters + _OTHER_BYTES
    connection_options = {
        "max_line_size": max_size,
        "access_log_class": AccessLog,
        "keepalive_timeout": config.limits.idle_seconds,
    }
    access = AccessControl(config)
    # The first one is outermost: an error is logged with the id of its request.
    middlewares = [request_id_middleware, error_middleware, access.middleware]
    app = web.Application(middlewares=middlewares, client_max_size=max_size, handler_args=connection_options)
    logging.getLogger("aiohttp.server").addFilter(shorten_unreadable_requests)
    app.on_response_prepare.append(add_request_id)
    app[ACCESS] = access
    scheduler = Scheduler(config.scheduler, config.limits)
    streams = ActiveStreams(scheduler, config.limits)
    startup = Startup(registry, scheduler)
    connections = OpenConnections(config.limits)
    app[SERVING] = Serving(app, startup, scheduler, streams, connections, connection_options)
    preparation = SpeechPreparation(registry, startup, config)
    cache = AudioCache(config)
    speech_streams = SpeechStreams(streams, cache, preparation.keys)
    speech = SpeechRoute(preparation, speech_streams)
    app.router.add_post("/v1/audio/speech", speech.post)
    app.router.add_get("/v1/audio/speech", speech.get, allow_head=False)
    app.router.add_head("/v1/audio/speech", speech.head)
    app.router.add_post("/v1/audio/speech/timestamps", TimestampsRoute(preparation, streams).post)
    app.router.add_get("/v1/audio/voices", VoicesRoute(registry, startup).get)
    websocket = dashscope.DashScopeRoute(registry, startup, streams, config, max_size)
    for path in (dashscope.PATH, dashscope.PATH + "/"):
        app.router.add_get(path, websocket.connect)
    models = ModelsRoute()
    app.router.add_get("/v1/models", models.list)
    app.router.add_get("/v1/models/{model}", models.get)
    app.router.add_get("/health", HealthRoute(registry, startup, scheduler).get)
    app.router.add_get("/ready", ReadinessRoute(registry, startup, config.runtime.providers[0]).get)
    warm_up = WarmUp(config.cache.warm, cache, startup, preparation, speech_streams)
    renderer = JobRenderer(registry, streams, config, is_busy=lambda: scheduler.load().streams > 0)
    jobs = create_job_service(config, renderer, scheduler.workers)
    JobsRoutes(jobs, startup.require_ready).add_to(app.router)
    metrics = add_metrics(app, registry, startup, scheduler, config) if config.metrics.enabled else None
    if metrics:
        metrics.add(jobs.report, JOBS)
        metrics.add(cache.report, CACHE)
        metrics.add(warm_up.report, WARM_UP)
        metrics.add(lambda: connections, CONNECTIONS)
    admin = AdminVoices(registry, config)
    admin.add_routes(app)
    app.router.add_get("/openapi.json", OpenApiRoute(config).get)
    app.add_routes(static_files.routes())

    app.on_response_prepare.append(access.add_headers)
    app.cleanup_ctx.append(access.run)
    app.cleanup_ctx.append(startup.run)
    app.cleanup_ctx.append(warm_up.run)
    app.cleanup_ctx.append(lambda app: running_jobs(jobs, startup))
    app.on_shutdown.append(lambda app: jobs.close())
    if manager := ServiceManager.from_environment(startup, scheduler):
        app.cleanup_ctx.append(manager.run)
        app.on_shutdown.append(manager.stopping)
    if sources:
        reconfiguration = Reconfiguration(config)
        reconfiguration.add(reconfigure_logging)
        reconfiguration.add(access.reconfigure, check=access.check)
        reconfiguration.add(registry.reconfigure, check=registry.check)
        for component in (preparation, websocket, cache, streams, connections, renderer, jobs, admin):
            reconfiguration.add(component.reconfigure)
        reload = ConfigReload(reconfiguration, sources, manager)
        app.cleanup_ctx.append(reload.run)
        if metrics:
            metrics.add(lambda: reload.report, RELOADS)
    app.on_shutdown.append(lambda app: websocket.close())
    app.on_shutdown.append(lambda app: startup.close())
    app.on_shutdown.append(lambda app: streams.close())
    return app


def serve(config: Config, sources: ConfigSources | None = None) -> None:
    """Serves until SIGINT or SIGTERM; `sources` are read again on SIGHUP.

    Raises `ConfigurationError` when the address cannot be listened on.
    """
    # Imported here, so that importing this package loads nothing that computes.
    from server.synthesis.registry import VoiceRegistry

    app = create_app(VoiceRegistry(config), config, sources)
    app[ACCESS].warn_if_open(config.server.host)
    asyncio.run(app[SERVING].run(config.server))
