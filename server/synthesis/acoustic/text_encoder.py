"""Units -> text hidden states, with the filled pauses that some voices predict."""

from dataclasses import dataclass

import numpy as np

from server.runtime.session import Session
from server.scheduling.graph_run import GraphRun, Outputs
from server.scheduling.task import run_to_completion
from server.types import Floats, Ids, Units


@dataclass(frozen=True, slots=True)
class EncodedText:
    """An utterance before its prosody is predicted. Rows are units, filled pauses included."""

    hidden: Floats
    """(units, size)"""
    emotions: Ids
    """(units,)"""
    speakers: Ids
    """(units,)"""
    unit_indices: Ids
    """(units,): the index of the input unit that a row belongs to; a filled pause belongs to the unit after it."""


class TextEncoder:
    """Runs the text encoder, and inserts filled pauses (嗯, 啊, 呃) where the voice predicts them."""

    def __init__(self, session: Session, filled_pauses: tuple[Units, ...]) -> None:
        self._session = session
        self._filled_pauses = [
            run_to_completion(self._run(units))["text"][0] for units in filled_pauses
        ]  # (3, size) each: initial, final, #3

    async def encode(self, units: Units, *, keep_positions: bool) -> EncodedText:
        """`keep_positions`: emotions and speakers stay at their indices although filled pauses move the units.

        The original does that: it repeats the row of an utterance from its start. It is needed for parity, but wrong
        for an utterance whose emotion changes in the middle; without it they move with their units.
        """
        outputs = await self._run(units)
        hidden = outputs["text"][0]
        if not self._filled_pauses:
            return EncodedText(hidden, units.emotions, units.speakers, np.arange(len(units)))
        choices = outputs["filled_pauses"][0].argmax(axis=1)  # 0 is none; a filled pause comes before its unit
        pieces = []
        for row, choice in zip(hidden, choices, strict=True):
            filled_pause = [self._filled_pauses[choice - 1]] if choice else []
            pieces.append(np.concatenate([*filled_pause, row[None]]))
        hidden = np.concatenate(pieces)
        indices = np.repeat(np.arange(len(units)), [len(piece) for piece in pieces])
        if keep_positions:
            emotions, speakers = (np.resize(row, len(hidden)) for row in (units.emotions, units.speakers))
        else:
            emotions, speakers = units.emotions[indices], units.speakers[indices]
        return EncodedText(hidden, emotions, speakers, indices)

    async def _run(self, units: Units) -> Outputs:
        return await GraphRun(self._session, {"units": units.features[None]}, len(units))
