"""Start-time fair queueing (Goyal, Vin and Cheng, 1996): clients share what they wait for by their weights."""

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_SERVED_CLIENTS = 200
"""Clients that are remembered without an item, for what they have been served."""


@dataclass(slots=True)
class _Flow(Generic[T]):
    """The items of one client, in the order of their arrival."""

    items: deque[tuple[T, float, float, float]] = field(default_factory=deque)
    """Item, its cost divided by the client's weight, the virtual time and the number of its arrival."""
    finish: float = 0.0
    """Tag of the item that was served last."""

    @property
    def start(self) -> tuple[float, float]:
        """The tag of the first item, and its number: of equal tags the first to arrive goes first."""
        _, _, arrival, number = self.items[0]
        return max(arrival, self.finish), number

    @property
    def last_start(self) -> tuple[float, float]:
        """The same of the last item."""
        start, finish = 0.0, self.finish
        for _, cost, arrival, _ in self.items:
            start = max(arrival, finish)
            finish = start + cost
        return start, self.items[-1][3]


class FairQueue(Generic[T]):
    """Items of several clients, of which the one with the least start tag is next.

    The start tag is the greater of two: the virtual time when the item arrived, and the finish tag of what its client
    was served last. The finish tag is the start tag plus cost / weight; the virtual time is the start tag of what was
    served last of all. So a client that has been served much stands behind one that has not, whatever the number of
    their items, and nobody gains by having waited with none. What leaves without being served costs its client nothing.
    """

    def __init__(self) -> None:
        self._flows: dict[Hashable, _Flow[T]] = {}
        self._virtual_time = 0.0
        self._arrivals = 0

    def __len__(self) -> int:
        return sum(len(flow.items) for flow in self._flows.values())

    def __iter__(self) -> Iterator[T]:
        """The items, client by client."""
        return (item for flow in self._flows.values() for item, *_ in flow.items)

    def push(self, client: Hashable, item: T, cost: float, weight: float = 1.0) -> None:
        """Appends an item of `client`. Cost and weight are above 0."""
        self._arrivals += 1
        flow = self._flows.setdefault(client, _Flow())
        flow.items.append((item, cost / weight, self._virtual_time, self._arrivals))

    def first(self) -> T | None:
        """The next item, which stays; None when there is none."""
        flow = self._next_flow()
        return flow.items[0][0] if flow else None

    def last(self) -> T | None:
        """The item that would be served after all others, which stays; None when there is none."""
        flow = max(self._waiting(), key=lambda flow: flow.last_start, default=None)
        return flow.items[-1][0] if flow else None

    def serve(self) -> T:
        """Removes the next item and counts its cost. Raises `IndexError` when there is none."""
        flow = self._next_flow()
        if flow is None:
            raise IndexError("the queue is empty")
        start, _ = flow.start
        item, cost, _, _ = flow.items.popleft()
        flow.finish = start + cost
        self._virtual_time = start
        self._forget_flows()
        return item

    def remove(self, item: T) -> None:
        """Removes an item that leaves without being served; no effect if it is not there."""
        for flow in self._flows.values():
            flow.items = deque(entry for entry in flow.items if entry[0] is not item)
        self._forget_flows()

    def _next_flow(self) -> _Flow[T] | None:
        return min(self._waiting(), key=lambda flow: flow.start, default=None)

    def _waiting(self) -> Iterator[_Flow[T]]:
        return (flow for flow in self._flows.values() if flow.items)

    def _forget_flows(self) -> None:
        """A client without items that has been served no more than others is as good as a new one.

        While every client sends one request, the virtual time stands still, and all have been served more than the
        next. Of so many, those are remembered that have been served the most.
        """
        served = [flow.finish for flow in self._flows.values() if not flow.items]
        least = self._virtual_time
        if len(served) > MAX_SERVED_CLIENTS:
            least = max(least, sorted(served)[len(served) // 2])
        self._flows = {client: flow for client, flow in self._flows.items() if flow.items or flow.finish > least}
