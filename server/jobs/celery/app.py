"""The Celery application: one task, which says that there is work. What the work is, the store of jobs knows.

So a message that is delivered twice, or that is lost with its worker, does no harm: whoever has a message takes the
next work from the store, with a lease, and without work the message means nothing.
"""

import logging
from collections.abc import Callable

from celery import Celery
from kombu.exceptions import OperationalError

from server.config import QueueSection

_log = logging.getLogger(__name__)

TASK = "sambert.compute"
QUEUE = "sambert:work"
MAX_MESSAGES = 64
"""In the queue at a time, about: each worker that ends a part sends the next one."""
_VISIBILITY_FACTOR = 2


def create_app(settings: QueueSection) -> Celery:
    """The application of a server or of a worker. Connects when it is used."""
    app = Celery("sambert", broker=settings.broker.get_secret_value(), set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": max(60.0, _VISIBILITY_FACTOR * settings.lease_seconds),
            "socket_timeout": 5.0,
            "socket_connect_timeout": 5.0,
        },
    )
    return app


class WorkMessages:
    """Tells workers that there is work."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(self, count: int) -> None:
        """Sends a message for each piece of work, up to a limit. Without Redis none: it is repeated later."""
        try:
            with self._app.producer_or_acquire() as producer:
                for _ in range(min(count, MAX_MESSAGES)):
                    self._app.send_task(TASK, producer=producer, retry=False)
        except (OperationalError, OSError) as error:
            _log.warning("workers are not told about work now: %s", error)


def register(app: Celery, compute: Callable[[], None]) -> None:
    """Makes `compute` the task of a worker."""
    app.task(name=TASK)(compute)
