"""The Python API: speech without a server. Importing it loads no onnxruntime."""

from server.api.arguments import EncodedSpeechArguments, SpeechArguments
from server.api.async_text_to_speech import AsyncTextToSpeech
from server.api.reference import Reference
from server.api.speech_file import SpeechFile
from server.api.text_to_speech import TextToSpeech
from server.config import Config, load_config
from server.errors import (
    BusyError,
    ConfigurationError,
    DeviceError,
    NothingToSpeakError,
    RequestError,
    ShutdownError,
    SpeechError,
    SynthesisError,
    UnknownNameError,
    VoiceError,
)
from server.references.analysis.recording_analysis import RecordingAnalysis
from server.synthesis.reference.application import ReferenceApplication
from server.types import Audio, PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming

__all__ = [
    "AsyncTextToSpeech",
    "Audio",
    "BusyError",
    "Config",
    "ConfigurationError",
    "DeviceError",
    "EncodedSpeechArguments",
    "NothingToSpeakError",
    "PhoneTiming",
    "RecordingAnalysis",
    "Reference",
    "ReferenceApplication",
    "RequestError",
    "SentenceTiming",
    "ShutdownError",
    "SpeechArguments",
    "SpeechError",
    "SpeechFile",
    "SpeechTiming",
    "SyllableTiming",
    "SynthesisError",
    "TextToSpeech",
    "UnknownNameError",
    "VoiceError",
    "WordTiming",
    "load_config",
]
