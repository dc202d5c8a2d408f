"""Computes a speaker embedding from recordings, for a voice that takes one (`python -m convert --se`)."""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
import soundfile

from server.atomic_file import write_atomic
from server.config import Config
from server.errors import RequestError
from server.runtime.runtime import Runtime
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.synthesis.speaker_encoder.encoder_file import encoder_file
from server.types import Audio

NAME = "embed"
HELP = "compute a speaker embedding from recordings"
LOG_LEVEL = "WARNING"

FORMATS = "WAV, FLAC, Ogg, MP3, AIFF"
"""Common formats that libsndfile reads, for the error message."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    command.add_argument(
        "recordings", nargs="+", type=Path, metavar="RECORDING", help="recordings of one speaker; channels are averaged"
    )
    command.add_argument("-o", "--output", type=Path, default=Path("se.npy"), help="output file (default: se.npy)")
    command.add_argument(
        "--voice", help="voice of the encoder (default: the one in the models folder, else the only one of the voices)"
    )


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    encoder = SpeakerEncoder(Runtime(config.runtime).open(encoder_file(config.models.path, options.voice)))
    embeddings = []
    for path in options.recordings:
        try:
            embeddings.append(encoder.embed(read_recording(path)))
        except RequestError as error:
            raise RequestError(f"{path}: {error}", param=error.param, code=error.code) from None
    mean = np.mean(embeddings, axis=0, dtype=np.float32)  # as KAN-TTS combines the embeddings of utterances
    file = io.BytesIO()
    np.save(file, mean)
    write_atomic(options.output, file.getvalue())
    count = f"{len(embeddings)} recording{'s' * (len(embeddings) > 1)}"
    print(f"{options.output}: {mean.shape[1]} numbers from {count}", file=sys.stderr)
    return 0


def read_recording(path: Path) -> Audio:
    """Reads an audio file and averages its channels. Raises `RequestError`."""
    try:
        content = io.BytesIO(path.read_bytes())
        # Not by path: soundfile guesses the format from the suffix, and its errors have less detail.
        samples, rate = soundfile.read(content, dtype="float32", always_2d=True)
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}", param="recording", code="unreadable_audio") from None
    except soundfile.LibsndfileError as error:
        message = f"is not an audio file that can be read ({error.error_string}); valid: {FORMATS}"
        raise RequestError(message, param="recording", code="unreadable_audio") from None
    return Audio(samples.mean(axis=1), rate)
