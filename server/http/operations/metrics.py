"""GET /metrics: all metrics of one application, as Prometheus reads them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from aiohttp import hdrs, web
from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    exposition,
)
from prometheus_client.openmetrics import exposition as openmetrics

from server.config import Config
from server.http.operations.event_loop import EventLoopLag
from server.http.operations.report_collector import Measure, ReportCollector, SizeMeasure
from server.http.operations.request_metrics import RequestMetrics
from server.http.operations.server_reports import DISK, SCHEDULER, STATE, disk_report, scheduler_report, state_report
from server.http.startup import Startup
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

T = TypeVar("T")

OPENMETRICS = "application/openmetrics-text"


class Metrics:
    """The metrics of an application: those of the process, and those that components report."""

    def __init__(self) -> None:
        # A second series for each one, with the time at which it began: nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def add(self, report: Callable[[], T | None], measures: Sequence[Measure[T] | SizeMeasure[T]]) -> None:
        """Adds the metrics of a component. `report` is called in a thread, for every request of /metrics."""
        self.registry.register(ReportCollector(report, measures))

    async def get(self, request: web.Request) -> web.Response:
        """Returns the metrics: OpenMetrics for clients that accept it, else the text format of Prometheus."""
        wants_openmetrics = OPENMETRICS in request.headers.get(hdrs.ACCEPT, "")
        write, media_type = (
            (openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST)
            if wants_openmetrics
            else (exposition.generate_latest, exposition.CONTENT_TYPE_PLAIN_0_0_4)
        )
        # In a thread: reports may wait for a lock, or for a disk.
        body = await asyncio.to_thread(write, self.registry)
        return web.Response(body=body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})


METRICS = web.AppKey("metrics", Metrics)


def add_metrics(
    app: web.Application, registry: "VoiceRegistry", startup: Startup, scheduler: Scheduler, config: Config
) -> Metrics:
    """Adds /metrics and what is measured to an application, inside of the middleware of request ids."""
    app[METRICS] = metrics = Metrics()
    requests = RequestMetrics(metrics.registry)
    app.middlewares.insert(1, requests.middleware)
    app.on_response_prepare.append(requests.observe_first_audio)
    app.cleanup_ctx.append(EventLoopLag(metrics.registry).run)
    app.router.add_get("/metrics", metrics.get)
    preferred = config.runtime.providers[0]
    metrics.add(lambda: state_report(startup, registry, preferred), STATE)
    metrics.add(lambda: scheduler_report(scheduler, registry), SCHEDULER)
    metrics.add(lambda: disk_report(config.storage.path), DISK)
    return metrics
