"""Executes the graph runs of a batch, and finds the stream that a failure belongs to."""

import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from server.errors import DeviceError, LostStateError
from server.logs.context import current_request
from server.scheduling.batch_policy import BatchPolicy
from server.scheduling.batching import run_batch
from server.scheduling.stream import Stream

log = logging.getLogger(__name__)


class BatchExecution:
    """Gives each stream of a batch the result of its run, and the policy what it needs for the next batches."""

    def __init__(self, policy: BatchPolicy, lock: AbstractContextManager[Any]) -> None:
        """`lock` guards the policy."""
        self._policy = policy
        self._lock = lock

    def execute(self, batch: Sequence[Stream]) -> None:
        """Executes the pending runs. A failed batch is repeated row by row, to find the cause."""
        current_request.set(batch[0].context if len(batch) == 1 else None)
        runs = [stream.pending_run for stream in batch if stream.pending_run]
        started = time.perf_counter()
        try:
            for stream, outputs in zip(batch, run_batch(runs), strict=True):
                stream.result = outputs
        except Exception as error:  # noqa: BLE001 - raised inside the stream that it belongs to
            if len(batch) > 1:
                self._repeat(batch, error)
            else:
                batch[0].result = error
            return
        seconds = (time.perf_counter() - started) / len(batch)
        for stream in batch:
            stream.computing_seconds += seconds
        with self._lock:
            self._policy.record_duration(runs[0].graph, seconds / runs[0].size)

    def _repeat(self, batch: Sequence[Stream], error: Exception) -> None:
        log.warning("a batch of %d failed and is repeated row by row: %s", len(batch), error)
        run = batch[0].pending_run
        if run and isinstance(error, DeviceError) and not isinstance(error, LostStateError):
            with self._lock:
                self._policy.record_failure(run.graph, len(batch))
        for stream in batch:
            self.execute([stream])
