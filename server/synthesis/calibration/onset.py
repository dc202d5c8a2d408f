"""Where a phone after silence is first heard: a voice begins an utterance with some silence, and a stop with a closure.

Both belong to the frames of the phone, and to the ear they are part of the pause. Recordings differ in how much silence
they begin with, so both are measured when a voice is loaded.
"""

from dataclasses import dataclass

import numpy as np

from server.types import Floats

STOPS = frozenset(["b_c", "p_c", "d_c", "t_c", "g_c", "k_c", "j_c", "q_c", "z_c", "c_c", "p", "t", "k", "ch"])
"""Voiceless phones that begin with a closure of the vocal tract. That of zh and ch is too short to be measured."""
LEAD_TEXT, STOP_TEXT = "安静", "天气"
"""Texts that begin with a vowel and with a stop."""
_WINDOW_SECONDS = 0.005
_THRESHOLD = 0.02
"""Of the loudest window: -34 dB."""


@dataclass(frozen=True, slots=True)
class OnsetSilence:
    """Silence at the beginning of phones that follow silence, seconds at normal speed."""

    lead: float = 0.0
    """At the beginning of an utterance."""
    closure: float = 0.0
    """Of a stop."""

    def seconds(self, phone: str, speed: float, *, begins_utterance: bool) -> float:
        """The silence at the beginning of a phone after silence.

        It grows less than a phone that is spoken slowly: as the square root, in the embedded voice.
        """
        silence = (self.lead if begins_utterance else 0.0) + (self.closure if phone in STOPS else 0.0)
        return silence / float(np.sqrt(speed))

    @classmethod
    def of_onsets(cls, lead: float, stop: float) -> "OnsetSilence":
        """From the onsets of `LEAD_TEXT` and `STOP_TEXT`, seconds."""
        return cls(lead, max(0.0, stop - lead))


def onset(samples: Floats, rate: int) -> float:
    """Seconds before the first sound; 0 if all is silent."""
    size = round(_WINDOW_SECONDS * rate)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    levels = np.sqrt(np.mean(windows.astype(np.float64) ** 2, axis=1)) if len(windows) else np.zeros(1)
    return float(np.argmax(levels > _THRESHOLD * levels.max())) * size / rate
