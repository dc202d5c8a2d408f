"""Timing of one synthesis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynthesisTiming:
    """How long one text took, in seconds."""

    time_to_first_audio: float
    """Text analysis included."""
    wall: float
    cpu: float | None
    """CPU time of all threads; None where it is not available."""
    audio: float
    """Duration of the audio."""
    first_chunk: float
    """Duration of the first chunk of audio."""

    @property
    def rtf(self) -> float:
        """Real-time factor: wall time over audio duration."""
        return self.wall / self.audio

    @property
    def cpu_rtf(self) -> float | None:
        """CPU time over audio duration, which other load on the machine disturbs least."""
        return None if self.cpu is None else self.cpu / self.audio
