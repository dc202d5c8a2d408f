"""The label of generated speech in the metadata of a file (China, GB 45438-2025, annex E). See docs/labels.md."""

import json
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from server.config import LabelSection

KEY = "AIGC"
"""The name of the tag, and of the chunk of a WAV file."""
GENERATED = "1"
"""The content was generated or synthesized by AI; 2 and 3 are for platforms that only presume it."""


@dataclass(frozen=True, slots=True)
class GeneratedLabel:
    """Says who generated one piece of audio."""

    producer: str
    """The name or the code of the service provider that generates the speech."""
    produce_id: str
    """The number of this piece of audio, unique for its producer."""
    producer_code: str = ""
    """Reserved for the producer, for example for a signature."""
    propagator: str = ""
    """The name or the code of the service that publishes the audio, which fills in this and the two next fields."""
    propagate_id: str = ""
    propagator_code: str = ""

    @classmethod
    def of(cls, section: LabelSection) -> Self | None:
        """Returns a new label, with an id of its own; None where labels are off."""
        return cls(section.producer, uuid4().hex) if section.enabled else None

    def json(self) -> str:
        """Returns the value of the tag: one JSON object, in ASCII, since not every tag can say its encoding."""
        return json.dumps(
            {
                "Label": GENERATED,
                "ContentProducer": self.producer,
                "ProduceID": self.produce_id,
                "ReservedCode1": self.producer_code,
                "ContentPropagator": self.propagator,
                "PropagateID": self.propagate_id,
                "ReservedCode2": self.propagator_code,
            },
            separators=(",", ":"),
        )
