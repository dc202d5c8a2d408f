"""Timing of one synthesis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynthesisTiming:
    """How long one text took, in seconds."""

    time_to_first_audio: float
    """Text analysis included."""
    wall: float
    audio: float
    """Duration of the audio."""
    cpu: float = 0.0
    """CPU time of all threads; measured in this process only."""
    first_chunk: float = 0.0
    """Duration of the first chunk of audio; measured in this process only."""

    @property
    def rtf(self) -> float:
        """Real-time factor: wall time over audio duration."""
        return self.wall / self.audio

    @property
    def cpu_rtf(self) -> float:
        """CPU time over audio duration, which other load on the machine disturbs least."""
        return self.cpu / self.audio
