"""The names of voices at one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server.synthesis.synthesizer import Synthesizer
from server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class VoiceSnapshot:
    """Aliases and default voice that stay as they are for one request: the `Voices` of its plan."""

    aliases: Mapping[str, str]
    default_voice: str | None
    _voice: Callable[[str | None], Voice]
    _synthesizer: Callable[[str | None], Synthesizer]
    _sample_rates: Mapping[str, int]

    def voice(self, name: str | None = None) -> Voice:
        """See `VoiceRegistry.voice`."""
        return self._voice(name or self.default_voice)

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """See `VoiceRegistry.synthesizer`."""
        return self._synthesizer(name or self.default_voice)

    def sample_rates(self) -> Mapping[str, int]:
        """Hz, of every working voice, by name."""
        return self._sample_rates
