"""The places of streams on the workers: who has one, who waits for one, and in which order."""

import time
from collections import Counter, deque
from collections.abc import Iterator

from server.client import Client
from server.config import LimitsSection
from server.errors import BusyError
from server.scheduling.admission.client_limits import identity, require_below_limits
from server.scheduling.admission.control import AdmissionControl
from server.scheduling.admission.departures import Departures
from server.scheduling.admission.fair_queue import FairQueue
from server.scheduling.stream import Place, Stream

BACKGROUND_STREAMS_PER_WORKER = 4
"""Background streams that are computed at a time: enough for batches, and few enough for the memory."""
RESERVED_SHARE = 5
"""One place more for so many that are held, for clients that have none, whatever the predicted load. The load may be
above its limit because the cost of streams has risen since they were admitted; a few more change little."""
_LEAST_COST = 1.0
"""Seconds of audio that a stream costs at least in the fair order."""


class Places:
    """All streams from their request to their end. Not safe for use by two threads at a time.

    A stream gets a place when the predicted load leaves room, in fair order: first those whose clients read again
    after a stall, then the others by start-time fair queueing between clients, by seconds of audio. The one that is
    next waits until it fits; nobody passes it but a client that has no place yet. Such a client, and one that reads
    again, may use a part of the reserve, so that they need not wait for the end of another's stream.
    """

    def __init__(self, admission: AdmissionControl, limits: LimitsSection, workers: int) -> None:
        self.streams: set[Stream] = set()
        self.refused: Counter[str] = Counter()
        """By reason."""
        self.limits = limits
        self._admission = admission
        self._background_places = BACKGROUND_STREAMS_PER_WORKER * workers
        self._queue: FairQueue[Stream] = FairQueue()
        self._returning: deque[Stream] = deque()
        self._background_queue: FairQueue[Stream] = FairQueue()
        self._departures = Departures()

    def request(self, stream: Stream) -> list[Stream]:
        """Adds a stream, which has a place or waits. Returns the streams that have got one, in order.

        Raises `BusyError` when its client is above its own limit.
        """
        if stream.is_probe:
            self.streams.add(stream)
            self._take(stream)
            return [stream]
        if not stream.background:
            self._require_below_limits(stream)
        self.streams.add(stream)
        queue = self._background_queue if stream.background else self._queue
        queue.push(identity(stream.client), stream, max(_LEAST_COST, stream.expected_seconds), stream.client.weight)
        return self.admit()

    def refuse(self, stream: Stream, *, waits: bool) -> tuple[Stream, BusyError] | None:
        """After the request of `stream`: the one that may not wait, and why; None where all may.

        When too many wait, that is the last one in the fair order: a client with many requests fills the queue for
        nobody else.
        """
        if stream.place is not Place.WAITING or stream.background:
            return None
        if not (waits and self.limits.queue_seconds > 0 and self.limits.queue_length > 0):
            return stream, self._refuse(stream, "capacity")
        if len(self._queue) <= self.limits.queue_length:
            return None
        last = self._queue.last()
        assert last, "the queue has at least the stream"
        return last, self._refuse(last, "queue_full")

    def admit(self) -> list[Stream]:
        """Gives places to those that wait, as far as they fit."""
        admitted = []
        while stream := self._serve_next():
            admitted.append(stream)
            self._take(stream)
        while self._background_queue and self._has_background_place():
            admitted.append(stream := self._background_queue.serve())
            self._take(stream)
        return admitted

    def leave(self, stream: Stream) -> None:
        """The stream will not be computed any further, or has not been."""
        if stream.place is Place.WAITING:
            (self._background_queue if stream.background else self._queue).remove(stream)
        elif stream.place is Place.RETURNING:
            self._returning.remove(stream)
        self._release(stream, Place.LEFT)

    def stall(self, stream: Stream) -> None:
        """Takes the place of a stream whose client does not read."""
        self._release(stream, Place.STALLED)

    def resume(self, stream: Stream) -> None:
        """The client of a stalled stream reads again: it waits for a place, before new ones."""
        stream.place = Place.RETURNING
        self._returning.append(stream)

    def timed_out(self, stream: Stream) -> BusyError:
        """The refusal of a stream that has waited too long."""
        return self._refuse(stream, "queue_timeout")

    def listened(self) -> Iterator[Stream]:
        """The streams that have a place and a listener."""
        return (stream for stream in self.streams if stream.place is Place.HELD and not stream.background)

    def waiting(self) -> list[Stream]:
        """The streams that have not begun."""
        return [*self._queue, *self._background_queue]

    def counts(self) -> dict[str, int]:
        """The number of streams by what they do, for `LoadReport`."""
        held = [stream for stream in self.streams if stream.place is Place.HELD]
        return {
            "streams": sum(not stream.background for stream in held),
            "waiting": len(self._queue) + len(self._returning),
            "stalled": sum(stream.place is Place.STALLED for stream in self.streams),
            "background": sum(stream.background for stream in held),
            "background_waiting": len(self._background_queue),
        }

    def _serve_next(self) -> Stream | None:
        """Takes the next stream from its queue; None where it does not fit."""
        if self._returning and self._fits(self._returning[0]):
            return self._returning.popleft()
        stream = self._queue.first()
        if stream and (self._has_no_place(stream.client) or not self._returning) and self._fits(stream):
            return self._queue.serve()
        return None

    def _has_no_place(self, client: Client) -> bool:
        own = identity(client)
        return all(identity(other.client) != own for other in self.listened())

    def _fits(self, stream: Stream) -> bool:
        active = list(self.listened())
        is_new = self._has_no_place(stream.client)
        uses_reserve = is_new or stream.place is Place.RETURNING
        if self._admission.admits((other.voice for other in active), stream.voice, uses_reserve=uses_reserve):
            stream.is_reserved = False
            return True
        reserved = sum(other.is_reserved for other in active)
        stream.is_reserved = is_new and reserved < (len(active) - reserved) // RESERVED_SHARE
        return stream.is_reserved and not self._admission.is_full(len(active))

    def _has_background_place(self) -> bool:
        running = sum(other.background and other.place is Place.HELD for other in self.streams)
        return running < self._background_places

    def _take(self, stream: Stream) -> None:
        stream.place = Place.HELD
        stream.place_since = time.monotonic()

    def _release(self, stream: Stream, place: Place) -> None:
        if stream.place is Place.HELD and not stream.background:
            self._departures.record(time.monotonic() - stream.place_since)
        stream.place = place

    def _require_below_limits(self, stream: Stream) -> None:
        others = (other.client for other in self.streams if other.place is not Place.LEFT and not other.background)
        try:
            require_below_limits(
                stream.client, others, self.limits.streams_per_address, self._retry_after(len(self._queue))
            )
        except BusyError as error:
            self.refused[error.code] += 1
            raise

    def _refuse(self, stream: Stream, reason: str) -> BusyError:
        ahead = self._ahead_of(stream)
        self.leave(stream)
        self.refused[reason] += 1
        active = sum(1 for _ in self.listened())
        message = f"the server is at its capacity with {active} streams"
        if ahead:
            message += f", and {ahead} wait for a place"
        message += "; send the request again later"
        return BusyError(message, retry_after=self._retry_after(ahead), code="too_many_streams")

    def _ahead_of(self, stream: Stream) -> int:
        return sum(each is not stream for each in self._queue) + len(self._returning)

    def _retry_after(self, ahead: int) -> int:
        """Until a stream has left: the least remaining audio of one, times the utilization (computing per audio)."""
        active = list(self.listened())
        left = min((each.expected_seconds - each.clock.audio_seconds for each in active), default=0.0)
        guess = left * self._admission.utilization(each.voice for each in active)
        return self._departures.retry_after(len(active), ahead, guess)
