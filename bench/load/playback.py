"""Playback of one stream by a client."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class ClientPlayback:
    """Tracks a client's playback buffer. A chunk is late if the buffer was empty when it arrived.

    Times are in seconds.
    """

    requested_at: float
    started_at: float | None = None
    """Arrival of the first audio; None before."""
    underrun_at: float = 0.0
    """When the received audio has been played."""
    audio_seconds: float = 0.0
    """Duration of the received audio."""
    chunks: int = 0
    underruns: list[float] = field(default_factory=list)
    """Duration of the silence before each late chunk."""

    def push(self, seconds: float, at: float) -> None:
        """Adds a chunk of `seconds` that arrives at the time `at`."""
        if not seconds:
            return
        if self.started_at is None:
            self.started_at = self.underrun_at = at
        elif at > self.underrun_at:
            self.underruns.append(at - self.underrun_at)
            self.underrun_at = at
        self.underrun_at += seconds
        self.audio_seconds += seconds
        self.chunks += 1

    @property
    def time_to_first_audio(self) -> float | None:
        """Seconds from the request to the first audio; None before."""
        return None if self.started_at is None else self.started_at - self.requested_at
