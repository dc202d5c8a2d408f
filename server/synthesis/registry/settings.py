"""What the registry takes from the configuration, as one value that changes as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from server.config import Config
from server.synthesis.synthesizer import Synthesizer
from server.text.pronunciation.user_lexicon import UserLexicon
from server.voices.aliases import aliases


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """The configuration, with what was parsed of it."""

    config: Config
    lexicon: UserLexicon
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, config: Config) -> Self:
        """Raises `ConfigurationError` for an invalid lexicon or alias."""
        return cls(config, UserLexicon.of(config.text.lexicon, config.text.location_of), aliases(config))

    def apply(self, synthesizer: Synthesizer) -> Synthesizer:
        """The same loaded graphs with these settings."""
        return synthesizer.with_settings(self.config.synthesis, self.lexicon, self.config.text.emoji)
