"""Sends webhooks that are due, and repeats those that were not received. They are in the store: restarts lose none."""

import ipaddress
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import aiohttp

from server.config import JobsSection
from server.errors import StoreError
from server.jobs.job import Delivery
from server.jobs.runner.changes import Changes
from server.jobs.store import JobStore
from server.jobs.threads import in_thread
from server.jobs.webhooks.destination import PublicResolver, is_allowed, require_public
from server.jobs.webhooks.message import signed_message

_log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=20.0)
_CLAIM_SECONDS = 60.0
"""Longer than an attempt takes."""
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 3600.0
"""Seconds."""
_LOOK_SECONDS = 5.0
_GONE = 410
"""The status of a receiver that wants no more."""


class WebhookSender:
    """Sends one webhook after another. For one event loop."""

    def __init__(self, store: JobStore, changes: Changes, settings: Callable[[], JobsSection]) -> None:
        self._store = store
        self._changes = changes
        self._settings = settings

    async def run(self) -> None:
        """Sends what is due until its task is cancelled; an attempt that is cut off is repeated later."""
        while True:
            try:
                delivery = await in_thread(self._store.claim_delivery, _CLAIM_SECONDS)
                if delivery:
                    await self._deliver(delivery)
                    continue
            except StoreError as error:
                _log.warning("no webhook is sent: %s", error)
            await self._changes.wait(_LOOK_SECONDS)

    async def _deliver(self, delivery: Delivery) -> None:
        settings, job = self._settings(), delivery.job
        if not is_allowed(job.webhook, settings.webhook_hosts):
            _log.warning("the webhook of job %s is not sent: its host is no longer allowed", job.id)
            await in_thread(self._store.complete_delivery, delivery)
            return
        failure = await _attempt(delivery, settings)
        if failure is None:
            await in_thread(self._store.complete_delivery, delivery)
            return
        is_over = time.time() - job.ended > settings.webhook_hours * 3600
        if is_over or failure == _status(_GONE):
            _log.warning("the webhook of job %s is given up after %d attempts: %s", job.id, delivery.attempt, failure)
            await in_thread(self._store.complete_delivery, delivery)
            return
        pause = retry_pause(delivery.attempt)
        _log.info("the webhook of job %s is repeated in %.0f s: %s", job.id, pause, failure)
        await in_thread(self._store.retry_delivery, delivery, pause)


def retry_pause(attempt: int) -> float:
    """Seconds before the next attempt: doubled each time, with a random part, so that receivers are not hit at once."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(attempt - 1, 20))
    return pause * random.uniform(0.8, 1.2)


async def _attempt(delivery: Delivery, settings: JobsSection) -> str | None:
    """Sends once. Returns why it was not received; None if it was."""
    url = delivery.job.webhook
    message = signed_message(delivery.job, delivery.id, settings.webhook_secret.get_secret_value(), time.time())
    try:
        if not settings.webhook_private:
            _require_public_host(url)
        resolver = None if settings.webhook_private else PublicResolver()
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
            session.post(url, data=message.body, headers=message.headers, allow_redirects=False) as response,
        ):
            return None if 200 <= response.status < 300 else _status(response.status)
    except TimeoutError:
        return "no answer in time"
    except aiohttp.ClientConnectorError as error:
        return str(error.os_error)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return str(error) or type(error).__name__


def _require_public_host(url: str) -> None:
    """Checks a host that is an address: no resolver is asked about it."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        require_public(str(ipaddress.ip_address(host)))


def _status(status: int) -> str:
    return f"status {status}"
