"""Tracks a client's playback buffer, from the audio that was produced and the time that has passed."""

import time
from collections.abc import Callable
from math import inf

FIRST_AUDIO_DEADLINE = 0.3
"""Seconds after its start at which the first audio of a stream is due. Streams that play and have less than that
buffered are more urgent."""
RESUME_BUFFER = 1.0
"""Seconds that a client is assumed to have buffered when it reads again after it left chunks unread."""


class PlaybackClock:
    """The clock of one client that plays audio as it arrives, and waits when its buffer is empty."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.started = False
        """Whether there has been any audio."""
        self.late_chunks = 0
        """Chunks that came after an underrun."""
        self._asked_at = clock()
        self.underrun_at = self._asked_at + FIRST_AUDIO_DEADLINE
        """The moment at which the buffer is empty: the deadline of the next chunk."""
        self.audio_seconds = 0.0
        """Pushed so far."""
        self.computed_seconds = 0.0
        """Part of `audio_seconds` that needed computing: all but pauses."""

    @property
    def buffered_seconds(self) -> float:
        """Seconds until the underrun; 0 after it, and before the first audio."""
        return max(0.0, self.underrun_at - self._clock()) if self.started else 0.0

    @property
    def waited_seconds(self) -> float:
        """Seconds since the stream began, or since input arrived for which it waited."""
        return self._clock() - self._asked_at

    def push(self, seconds: float, *, computed: bool = True) -> None:
        """Adds a chunk of `seconds` to the buffer."""
        now = self._clock()
        if self.started and now > self.underrun_at:
            self.late_chunks += 1
        self.underrun_at = max(self.underrun_at, now) + seconds if self.started else now + seconds
        self.started = True
        self.audio_seconds += seconds
        self.computed_seconds += seconds if computed else 0.0

    def input_arrived(self) -> None:
        """The client has sent input for which the stream waited: the next audio is due as at the start of a stream."""
        self._asked_at = self._clock()
        self.underrun_at = max(self.underrun_at, self._asked_at + FIRST_AUDIO_DEADLINE)

    def client_resumed(self) -> None:
        """The client, which had left chunks unread, reads again: the wait was its own, not an underrun."""
        self.underrun_at = max(self.underrun_at, self._clock() + RESUME_BUFFER)


class RepeatableClock(PlaybackClock):
    """A view of a clock in which nothing is played: chunk sizes that follow it are the same in every run."""

    def __init__(self, clock: PlaybackClock) -> None:
        super().__init__(lambda: 0.0)
        self._playing = clock

    @property
    def waited_seconds(self) -> float:
        """Infinite: the size of the first chunk follows no clock either, so it is that for a slow machine."""
        return inf

    def push(self, seconds: float, *, computed: bool = True) -> None:
        """Adds a chunk here, and to the clock that plays."""
        super().push(seconds, computed=computed)
        self._playing.push(seconds, computed=computed)


class ReadingPace:
    """Tracks how the reader of a stream asks for chunks. It is away while it has been given one."""

    RETURN_SECONDS = 0.5
    """After so long away, asking again is a return from a break: it takes longer to write than to fill buffers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._given_at: float | None = None
        self.has_returned = False
        """Whether it has asked again after a break."""

    @property
    def seconds_away(self) -> float:
        """Seconds since it was given its last chunk; 0 while it waits for one."""
        return 0.0 if self._given_at is None else self._clock() - self._given_at

    def asked(self) -> None:
        """The reader wants a chunk."""
        self.has_returned |= self.seconds_away >= self.RETURN_SECONDS
        self._given_at = None

    def given(self) -> None:
        """The reader has got a chunk."""
        self._given_at = self._clock()
