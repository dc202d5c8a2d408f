"""What voices have found out about recordings, and about themselves in comparison with them."""

from pathlib import Path

from server.runtime.runtime import Runtime
from server.synthesis.reference.delivery.measurement import MeasuredSentences
from server.synthesis.reference.voice_profiles import VoiceProfiles
from server.synthesis.speaker_encoder.speaker_encoders import SpeakerEncoders


class Comparisons:
    """Shared by all voices of a process. Thread-safe."""

    def __init__(self, runtime: Runtime, profiles: Path | None = None) -> None:
        """`profiles` is the folder of the profiles; see `VoiceProfiles`."""
        self.encoders = SpeakerEncoders(runtime)
        """With the embeddings of recordings whose timbre was taken over."""
        self.profiles = VoiceProfiles(profiles)
        """What the emotions of voices sound like."""
        self.measured_sentences = MeasuredSentences()
        """Of recordings whose delivery was taken over."""

    def forget_recording(self, digest: str) -> None:
        """Forgets what was computed from a recording."""
        self.encoders.forget(digest)
        self.measured_sentences.forget(digest)
