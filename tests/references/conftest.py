"""Recordings without a decoder and an analyzer."""

import hashlib
from collections.abc import Callable

import pytest

from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.analyzed_recording import AnalyzedRecording
from server.references.recording import RATE, Recording
from server.types import Audio
from tests.audio.recording_files import spoken

ANALYSIS = RecordingAnalysis(
    seconds=2.0,
    f0_median=150.0,
    f0_range=3.5,
    f0_movement=None,
    syllable_rate=4.0,
    pause_share=0.0,
    pause_seconds=0.0,
    level=-23.0,
    dynamics=9.0,
    tilt=-6.0,
    voiced_share=0.9,
    tract_scale=1.02,
    signal_to_noise=40.0,
    clipped_share=0.0,
    warnings=("回声", "the recording is short"),
)


@pytest.fixture
def opened() -> Callable[[bytes], AnalyzedRecording]:
    """What a file would be."""

    def open_file(data: bytes) -> AnalyzedRecording:
        digest = hashlib.sha256(data).hexdigest()
        recording = Recording(digest, Audio(spoken(), RATE), "wav", RATE, 1, 2.0, 0.0)
        return AnalyzedRecording(recording, ANALYSIS)

    return open_file
