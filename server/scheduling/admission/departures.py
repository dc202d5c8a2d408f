"""How soon a place becomes free."""

from math import ceil

MAX_RETRY_AFTER = 60
"""Seconds."""
_SMOOTHING = 0.9
"""Weight of the past in the average."""


class Departures:
    """The average time that streams keep their places.

    By Little's law, places become free at the rate of the number of streams divided by that time.
    """

    def __init__(self) -> None:
        self._mean: float | None = None

    def record(self, seconds: float) -> None:
        """A stream has left its place after `seconds`."""
        mean = seconds if self._mean is None else self._mean
        self._mean = seconds + _SMOOTHING * (mean - seconds)

    def retry_after(self, streams: int, ahead: int, guess: float) -> int:
        """After how many whole seconds one more stream probably finds a place, with so many waiting before it.

        `guess` is that time in seconds for the first place, used until a stream has left.
        """
        next_one = guess if self._mean is None or not streams else self._mean / streams
        return min(MAX_RETRY_AFTER, max(1, ceil(next_one * (ahead + 1))))
