"""Repeats messages that were lost: with a worker that was killed, or with Redis."""

import asyncio
import logging

from server.errors import StoreError
from server.jobs.celery.app import MAX_MESSAGES, QUEUE, WorkMessages
from server.jobs.celery.redis.redis_store import RedisStore
from server.jobs.threads import in_thread

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0
_RECOVERY_SECONDS = 5.0


class Dispatcher:
    """Looks for work without a message, in every server and worker. Messages too many do no harm."""

    def __init__(self, store: RedisStore, messages: WorkMessages) -> None:
        self._store = store
        self._messages = messages

    async def run(self) -> None:
        """Looks until its task is cancelled."""
        while True:
            seconds = _LOOK_SECONDS
            try:
                await in_thread(self._look)
            except StoreError as error:
                _log.warning("no work is given out: %s", error)
                seconds = _RECOVERY_SECONDS
            await asyncio.sleep(seconds)

    def _look(self) -> None:
        work = self._store.claimable(MAX_MESSAGES)
        missing = work - self._store.queue_length(QUEUE) if work else 0
        if missing > 0:
            self._messages.send(missing)
