"""Makes the speaker embedding of a person from recordings, for a voice that takes one (`python -m convert --se`)."""

import argparse
import io
import logging
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

from server.config import Config
from server.errors import RequestError, UnknownNameError, VoiceError
from server.runtime.runtime import Runtime
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.types import Audio
from server.voices.discovery import voice_folders
from server.voices.voice import Voice

NAME = "embed"
HELP = "make a speaker embedding from recordings"
LOG_LEVEL = logging.WARNING

GRAPH = "speaker_encoder"
FORMATS = ("WAV", "FLAC", "Ogg", "MP3", "AIFF")
"""What people have, of the many formats that libsndfile reads."""


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "recordings", nargs="+", type=Path, metavar="RECORDING", help="sound files of one person; channels are averaged"
    )
    command.add_argument("-o", "--output", type=Path, default=Path("se.npy"), help="file to write (default: se.npy)")
    command.add_argument("--voice", help="the voice whose encoder is used (default: the encoder that all would use)")


def run(options: argparse.Namespace, config: Config) -> int:
    encoder = SpeakerEncoder(Runtime(config.runtime).open(encoder_file(config.models.path, options.voice)))
    embeddings = []
    for path in options.recordings:
        try:
            embeddings.append(encoder.embed(read_recording(path)))
        except RequestError as error:
            raise RequestError(f"{path}: {error}", param=error.param, code=error.code) from None
    mean = np.mean(embeddings, axis=0, dtype=np.float32)  # as the original makes one of many utterances
    content = io.BytesIO()
    np.save(content, mean)
    try:
        options.output.write_bytes(content.getvalue())
    except OSError as error:
        raise RequestError(f"cannot write {options.output}: {error.strerror}") from None
    count = f"{len(embeddings)} recording{'s' * (len(embeddings) > 1)}"
    print(f"{options.output}: {mean.shape[1]} numbers from {count}", file=sys.stderr)
    return 0


def encoder_file(models: Path, name: str | None) -> Path:
    """The encoder of voice `name`; without a name the one beside the voices, or the one that all voices share.

    Raises `UnknownNameError`, `VoiceError` for a voice that is damaged or has none, and `RequestError` when there is
    nothing to choose, or a choice.
    """
    folders = {folder.name: folder for folder in voice_folders(models)}
    if name is not None:
        if name not in folders:
            raise UnknownNameError("voice", name, folders)
        voice = Voice(folders[name])
        if GRAPH not in voice.manifest.graphs:
            raise VoiceError(f"voice {name!r} has no speaker encoder; convert it again with --se-model se.model")
        voice.verify()
        return voice.graph(GRAPH)
    if (shared := models / f"{GRAPH}.onnx").is_file():
        return shared
    encoders: dict[str, str] = {}
    for folder in folders.values():
        with suppress(VoiceError):  # a broken voice is none to choose from
            voice = Voice(folder)
            if GRAPH in voice.manifest.graphs:
                encoders.setdefault(voice.manifest.graphs[GRAPH].sha256, folder.name)
    if not encoders:
        raise RequestError(
            f"there is no speaker encoder in {models}; make one with "
            f"`python -m convert --se-model se.model --output {models}`"
        )
    if len(encoders) > 1:
        raise RequestError(
            f"several voices have an encoder of their own: {', '.join(encoders.values())}; choose with --voice"
        )
    return encoder_file(models, *encoders.values())


def read_recording(path: Path) -> Audio:
    """A sound file, its channels averaged. Raises `RequestError`."""
    try:
        content = io.BytesIO(path.read_bytes())  # by its name soundfile would guess the format, and its errors say less
        samples, rate = soundfile.read(content, dtype="float32", always_2d=True)
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}", param="recording", code="unreadable_audio") from None
    except soundfile.LibsndfileError as error:
        message = f"is not sound that can be read here ({error.error_string}); valid: {', '.join(FORMATS)}"
        raise RequestError(message, param="recording", code="unreadable_audio") from None
    return Audio(samples.mean(axis=1), rate)
