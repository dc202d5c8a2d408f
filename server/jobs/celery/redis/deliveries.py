"""Webhooks that are due."""

import secrets
from dataclasses import dataclass

from server.jobs.celery.redis import keys
from server.jobs.celery.redis.connection import Pipeline, RedisConnection
from server.jobs.celery.redis.job_changes import read_job
from server.jobs.celery.redis.records import DELIVERY_RECORD, DeliveryRecord
from server.jobs.job import Delivery


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Gives out webhooks, one to one server at a time."""

    connection: RedisConnection

    def claim(self, seconds: float) -> Delivery | None:
        """See `JobStore.claim_delivery`."""
        now = self.connection.now()

        def change(pipe: Pipeline) -> Delivery | None:
            found = pipe.zrangebyscore(keys.DUE, "-inf", now, 0, 1)
            text = pipe.get(keys.delivery(found[0])) if found else None
            record = DELIVERY_RECORD.read(text) if text else None
            stored = read_job(pipe, record.job_id) if record else None
            pipe.multi()
            if record is None or stored is None:
                if found:  # its job is forgotten
                    pipe.zrem(keys.DUE, found[0])
                return None
            token = secrets.token_hex(8)
            claimed = DeliveryRecord(record.job_id, record.attempts + 1, token)
            pipe.set(keys.delivery(found[0]), DELIVERY_RECORD.write(claimed))
            pipe.zadd(keys.DUE, {found[0]: now + seconds})
            return Delivery(found[0], stored.job, token, claimed.attempts)

        return self.connection.transaction(change, keys.DUE)

    def complete(self, delivery: Delivery) -> bool:
        """See `JobStore.complete_delivery`."""

        def change(pipe: Pipeline) -> bool:
            holds = self._holds(pipe, delivery)
            pipe.multi()
            if holds:
                pipe.zrem(keys.DUE, delivery.id)
                pipe.delete(keys.delivery(delivery.id))
            return holds

        return self.connection.transaction(change, keys.delivery(delivery.id))

    def retry(self, delivery: Delivery, seconds: float) -> bool:
        """See `JobStore.retry_delivery`."""
        now = self.connection.now()

        def change(pipe: Pipeline) -> bool:
            holds = self._holds(pipe, delivery)
            pipe.multi()
            if holds:
                record = DeliveryRecord(delivery.job.id, delivery.attempt)
                pipe.set(keys.delivery(delivery.id), DELIVERY_RECORD.write(record))
                pipe.zadd(keys.DUE, {delivery.id: now + seconds})
            return holds

        return self.connection.transaction(change, keys.delivery(delivery.id))

    @staticmethod
    def _holds(pipe: Pipeline, delivery: Delivery) -> bool:
        text = pipe.get(keys.delivery(delivery.id))
        return text is not None and DELIVERY_RECORD.read(text).token == delivery.token
