"""Chooses where jobs are kept and computed, and loads Celery only where it is configured."""

from collections.abc import Iterator
from contextlib import contextmanager

from server.config import Config
from server.errors import ConfigurationError
from server.jobs.job_service import JobService
from server.jobs.renderer import Renderer

_LIBRARIES = ("celery", "kombu", "redis")


def create_job_service(config: Config, renderer: Renderer, workers: int) -> JobService:
    """The jobs of a server: in a file and computed in this process, or in Redis and computed by Celery workers.

    `workers`: the parts that are computed in this process at a time, where the configuration does not say it. Raises
    `ConfigurationError` where Celery is configured and not installed.
    """
    if not config.queue.is_distributed:
        return JobService.embedded(config, renderer, workers)
    with _installed():
        from server.jobs.celery.service import create_service
    return create_service(config, renderer)


def run_worker(config: Config, concurrency: int) -> int:
    """Computes jobs of servers until SIGTERM; returns the exit code. `concurrency`: parts at a time, 0: the default.

    Raises `ConfigurationError` without `queue.broker`, and without Celery.
    """
    if not config.queue.is_distributed:
        raise ConfigurationError(
            "queue.broker is empty, so the server computes its jobs itself; set it to the URL of Redis, in the "
            "configuration of the server and of its workers (docs/jobs.md)"
        )
    with _installed():
        from server.jobs.celery.worker import Worker
    return Worker(config, concurrency).run()


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        raise ConfigurationError(
            f"queue.broker is set, and {error.name} is not installed; install it: pip install '.[celery]' in the "
            "project's folder"
        ) from None
