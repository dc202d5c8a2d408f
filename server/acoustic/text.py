"""Units -> text hidden states, fillers included."""

from dataclasses import dataclass

import numpy as np

from server.runtime import Session
from server.signals import Floats, Ids, Units
from server.work import Work, finished, run


@dataclass(frozen=True, slots=True)
class EncodedText:
    """An utterance before it has a melody."""

    hidden: Floats
    """(units, size)"""
    emotions: Ids
    """(units,)"""
    speakers: Ids
    """(units,)"""


class TextEncoder:
    """Runs the text encoder, and puts in the fillers (嗯, 啊, 呃) that some voices predict."""

    def __init__(self, session: Session, fillers: tuple[Units, ...]) -> None:
        self._session = session
        self._fillers = [finished(self._run(units))["text"][0] for units in fillers]  # (3, size): initial, final, #3

    def encode(self, units: Units) -> Work[EncodedText]:
        outputs = yield from self._run(units)
        hidden = outputs["text"][0]
        if not self._fillers:
            return EncodedText(hidden, units.emotions, units.speakers)
        choices = outputs["filled_pauses"][0].argmax(axis=1)  # 0 is none; a filler comes before its unit
        pieces = []
        for row, choice in zip(hidden, choices, strict=True):
            if choice:
                pieces.append(self._fillers[choice - 1])
            pieces.append(row[None])
        hidden = np.concatenate(pieces)
        # As in the original, emotions and speakers do not move along with their units: the row of an utterance is
        # continued from its start. It matters only where they change inside an utterance.
        return EncodedText(hidden, np.resize(units.emotions, len(hidden)), np.resize(units.speakers, len(hidden)))

    def _run(self, units: Units) -> Work[dict[str, Floats]]:
        return run(self._session, {"units": units.features[None]}, size=len(units))
