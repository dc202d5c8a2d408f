"""How far the sound that was handed over is ahead of the ear."""

import time
from collections.abc import Callable

PATIENCE = 0.3
"""Seconds after its request at which a stream that has given no sound counts as dry. Those that sound, and have less
than that ahead, go first."""
RESUMED = 1.0
"""Seconds of sound that a listener certainly still has who let chunks lie and now takes one."""


class PlaybackClock:
    """The clock of one listener, who plays what comes as it comes and waits where there is nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begun = False
        """Whether there has been any sound."""
        self.late = 0
        """Chunks that came when the listener had run dry."""
        self.dry = clock() + PATIENCE
        """The moment at which the listener has nothing left to play: the deadline of the next chunk."""
        self.seconds = 0.0
        """Of sound, handed over so far."""
        self.computed = 0.0
        """Seconds of it that had to be computed: all but pauses."""

    @property
    def lead(self) -> float:
        """Seconds until the listener runs dry; 0 when that has happened, or nothing has begun."""
        return max(0.0, self.dry - self._clock()) if self.begun else 0.0

    def hand_over(self, seconds: float, *, computed: bool = True) -> None:
        """Another `seconds` of sound are on their way."""
        now = self._clock()
        if self.begun and now > self.dry:
            self.late += 1
        self.dry = max(self.dry, now) + seconds if self.begun else now + seconds
        self.begun = True
        self.seconds += seconds
        self.computed += seconds if computed else 0.0

    def resume(self) -> None:
        """The listener had more than he took, and takes again: the wait was his."""
        self.dry = max(self.dry, self._clock() + RESUMED)
