"""Units -> text hidden states, fillers included."""

from dataclasses import dataclass

import numpy as np

from server.runtime.session import Session
from server.scheduling.task import Work, finished, run
from server.types import Floats, Ids, Units


@dataclass(frozen=True, slots=True)
class EncodedText:
    """An utterance before it has a melody."""

    hidden: Floats
    """(units, size)"""
    emotions: Ids
    """(units,)"""
    speakers: Ids
    """(units,)"""
    owners: Ids
    """(units,): which unit of the text each one belongs to; a filler belongs to the unit that it stands before."""


class TextEncoder:
    """Runs the text encoder, and puts in the fillers (嗯, 啊, 呃) that some voices predict."""

    def __init__(self, session: Session, fillers: tuple[Units, ...]) -> None:
        self._session = session
        self._fillers = [finished(self._run(units))["text"][0] for units in fillers]  # (3, size): initial, final, #3

    def encode(self, units: Units, *, as_original: bool) -> Work[EncodedText]:
        """`as_original`: emotions and speakers stay at their places when fillers move the units.

        The original does so: the row of an utterance is continued from its start. That suits what voices were compared
        with, but not an utterance whose emotion changes half-way; then they move along.
        """
        outputs = yield from self._run(units)
        hidden = outputs["text"][0]
        if not self._fillers:
            return EncodedText(hidden, units.emotions, units.speakers, np.arange(len(units)))
        choices = outputs["filled_pauses"][0].argmax(axis=1)  # 0 is none; a filler comes before its unit
        pieces = []
        for row, choice in zip(hidden, choices, strict=True):
            filler = [self._fillers[choice - 1]] if choice else []
            pieces.append(np.concatenate([*filler, row[None]]))
        hidden = np.concatenate(pieces)
        owners = np.repeat(np.arange(len(units)), [len(piece) for piece in pieces])
        if as_original:
            emotions, speakers = (np.resize(row, len(hidden)) for row in (units.emotions, units.speakers))
        else:
            emotions, speakers = units.emotions[owners], units.speakers[owners]
        return EncodedText(hidden, emotions, speakers, owners)

    def _run(self, units: Units) -> Work[dict[str, Floats]]:
        return run(self._session, {"units": units.features[None]}, size=len(units))
