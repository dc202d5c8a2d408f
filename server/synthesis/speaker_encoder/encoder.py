"""One recording -> one vector that says who speaks."""

import numpy as np

from server.errors import RequestError, VoiceError
from server.runtime.session import Session
from server.scheduling.task import finished, run
from server.synthesis.speaker_encoder.fbank import fbank
from server.types import Audio, Floats

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds of a recording: less says too little about a voice, more adds nothing but time and memory."""
QUIETEST = 1e-3
"""Peak, where full scale is 1; below it there is nothing but the noise of a sound card."""


class SpeakerEncoder:
    """The graph `speaker_encoder`, fed as it was trained. Raises `VoiceError` for a graph that is something else."""

    def __init__(self, session: Session) -> None:
        if session.inputs != ["features"] or not {"sample_rate", "bins"} <= session.metadata.keys():
            raise VoiceError(
                f"{session.path} is not a speaker encoder; make one with `python -m convert --se-model se.model`"
            )
        self.rate: int = session.metadata["sample_rate"]
        """Hz that a recording must have."""
        self._bins: int = session.metadata["bins"]
        self._session = session

    def embed(self, audio: Audio) -> Floats:
        """(1, size). Raises `RequestError` for a recording at another rate, too short, too long, silent or broken."""
        seconds = len(audio.samples) / audio.rate
        if audio.rate != self.rate:
            raise _refusal(
                f"has {audio.rate} Hz, the speaker encoder takes {self.rate} Hz; resample it first, "
                f"for example with `ffmpeg -i recording.wav -ar {self.rate} -ac 1 resampled.wav`",
                "wrong_sample_rate",
            )
        if not SHORTEST <= seconds <= LONGEST:
            raise _refusal(
                f"is {seconds:.2f} s long; valid: {SHORTEST:g} to {LONGEST:g} s of one person's speech", "wrong_length"
            )
        if not np.isfinite(audio.samples).all():
            raise _refusal("has samples that are not numbers; record or export it again", "broken_audio")
        peak = float(np.abs(audio.samples).max())
        if peak < QUIETEST:
            raise _refusal(f"is silent (its peak is {peak:.1g} of full scale); record it again, louder", "silent_audio")
        outputs = finished(run(self._session, {"features": fbank(audio, self._bins)[None]}))
        embedding: Floats = outputs["embedding"]
        return embedding


def _refusal(problem: str, code: str) -> RequestError:
    return RequestError(f"the recording {problem}", param="recording", code=code)
