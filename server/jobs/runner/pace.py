"""How long work takes on this machine, from what has been observed."""

_WINDOW = 5000
"""Characters over which the time is averaged."""


class Pace:
    """The seconds of computing for a character, live streams beside it included."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._seconds = 0.0
        """For a character."""
        self._observed = 0
        """Characters in the average."""

    def observe(self, characters: int, seconds: float) -> None:
        """Adds a part that was computed."""
        self._observed = min(_WINDOW, self._observed + characters)
        self._seconds += (seconds / characters - self._seconds) * min(1.0, characters / self._observed)

    def seconds(self, characters: int, parts: int) -> float | None:
        """The time that so many parts with so many characters will take; None before anything was observed."""
        if not self._observed:
            return None
        return characters * self._seconds / max(1, min(parts, self._concurrency))
