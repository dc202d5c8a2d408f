"""A recording with its analysis."""

from dataclasses import dataclass

from server.references.analysis.recording_analysis import RecordingAnalysis
from server.references.recording import Recording


@dataclass(frozen=True, slots=True)
class AnalyzedRecording:
    """What is known of a file: all that a request needs of it."""

    recording: Recording
    analysis: RecordingAnalysis
