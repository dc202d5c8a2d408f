"""One who plays what comes as it comes, in real time, and waits in silence where nothing is there."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Listener:
    """The account of one stream. A chunk is late when the listener had run dry before it came."""

    asked: float
    """Moment of the request, seconds."""
    begun: float | None = None
    """Moment of the first sound."""
    dry: float = 0.0
    """Moment at which all that has come is played."""
    sound: float = 0.0
    """Seconds of sound, so far."""
    chunks: int = 0
    gaps: list[float] = field(default_factory=list)
    """Seconds of silence before each late chunk."""

    def hear(self, seconds: float, at: float) -> None:
        """A chunk of `seconds` comes at the moment `at`."""
        if not seconds:
            return
        if self.begun is None:
            self.begun = self.dry = at
        elif at > self.dry:
            self.gaps.append(at - self.dry)
            self.dry = at
        self.dry += seconds
        self.sound += seconds
        self.chunks += 1

    @property
    def first(self) -> float | None:
        """Seconds from the request to the first sound."""
        return None if self.begun is None else self.begun - self.asked
