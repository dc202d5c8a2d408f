"""A recording -> the embedding of its speaker."""

import numpy as np

from server.errors import RequestError, VoiceError
from server.runtime.session import Session
from server.scheduling.batching import run_batch
from server.scheduling.graph_run import GraphRun
from server.synthesis.speaker_encoder.fbank import fbank
from server.types import Audio, Floats

MIN_SECONDS, MAX_SECONDS = 1.0, 60.0
"""Seconds of a recording: a shorter one is not enough for an embedding, a longer one only costs time and memory."""
MIN_PEAK = 1e-3
"""Peak, where full scale is 1; a quieter recording holds only noise."""


class SpeakerEncoder:
    """Runs the graph `speaker_encoder` (D-TDNN) on filter banks. Raises `VoiceError` for any other graph."""

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
            raise _recording_error(
                f"has {audio.rate} Hz, the speaker encoder takes {self.rate} Hz; resample it first, "
                f"for example with `ffmpeg -i recording.wav -ar {self.rate} -ac 1 resampled.wav`",
                "wrong_sample_rate",
            )
        if not MIN_SECONDS <= seconds <= MAX_SECONDS:
            raise _recording_error(
                f"is {seconds:.2f} s long; valid: {MIN_SECONDS:g} to {MAX_SECONDS:g} s of one person's speech",
                "wrong_length",
            )
        if not np.isfinite(audio.samples).all():
            raise _recording_error("has samples that are not numbers; record or export it again", "broken_audio")
        peak = float(np.abs(audio.samples).max())
        if peak < MIN_PEAK:
            raise _recording_error(
                f"is silent (its peak is {peak:.1g} of full scale); record it again, louder", "silent_audio"
            )
        (outputs,) = run_batch([GraphRun(self._session, {"features": fbank(audio, self._bins)[None]})])
        embedding: Floats = outputs["embedding"]
        return embedding


def _recording_error(problem: str, code: str) -> RequestError:
    return RequestError(f"the recording {problem}", param="recording", code=code)
