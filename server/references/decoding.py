"""Files of clients into recordings."""

import hashlib

from server.audio.decoding.answer import UnusableFileError
from server.audio.decoding.decoder_process import decode_audio
from server.errors import RequestError
from server.references.clipping import clipped_share
from server.references.recording import RATE, Recording
from server.references.speech_detection import speech_bounds
from server.types import Audio

PARAM = "reference"
MIN_SECONDS = 1.0
"""Of speech, with its pauses."""
MAX_SECONDS = 60.0


def decode(data: bytes, max_seconds: float = MAX_SECONDS) -> Recording:
    """Decodes a file in a process of its own, and leaves out the silence before and after the speech.

    Blocks, for about 0.1 s and 5 ms for each second of it. Raises `RequestError` (param `reference`) with the code
    `unsupported_audio`, `unreadable_audio`, `audio_too_long`, `audio_too_short`, or `no_speech`, and
    `MissingReferencesError`.
    """
    try:
        file, audio = decode_audio(data, max_seconds, RATE)
    except UnusableFileError as error:
        raise RequestError(str(error), param=PARAM, code=error.code) from None
    begin, end = _speech(audio)
    return Recording(
        digest=hashlib.sha256(data).hexdigest(),
        audio=Audio(audio.samples[begin:end], RATE),
        format=file.format,
        source_rate=file.rate,
        channels=file.channels,
        seconds=file.seconds,
        begin=begin / RATE,
        clipped_share=clipped_share(file.heights),
    )


def _speech(audio: Audio) -> tuple[int, int]:
    _require_length(len(audio.samples), "the recording has")
    bounds = speech_bounds(audio.samples)
    if bounds is None:
        raise RequestError(
            "no speech was found in the recording; speak closer to the microphone", param=PARAM, code="no_speech"
        )
    _require_length(bounds[1] - bounds[0], "the speech in the recording has")
    return bounds


def _require_length(samples: int, subject: str) -> None:
    if samples < MIN_SECONDS * RATE:
        raise RequestError(
            f"{subject} {samples / RATE:.2f} seconds; at least {MIN_SECONDS:g} is needed, 3 to 10 are recommended",
            param=PARAM,
            code="audio_too_short",
        )
