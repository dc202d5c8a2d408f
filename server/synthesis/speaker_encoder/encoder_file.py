"""Which speaker encoder belongs to a voice, and which one is meant where no voice is named."""

from contextlib import suppress
from pathlib import Path

from server.errors import RequestError, UnknownNameError, VoiceError
from server.voices.discovery import voice_folders
from server.voices.voice import Voice

GRAPH = "speaker_encoder"
"""The graph of a voice folder; with `.onnx` the file of a models folder, for all its voices."""


def encoder_file(models: Path, name: str | None) -> Path:
    """Returns the encoder of voice `name`; without a name, the one in `models`, else the only one of its voices.

    Raises `UnknownNameError`, `VoiceError` for a damaged voice or one without an encoder, and `RequestError` if `name`
    is None and there is no encoder, or several different ones.
    """
    if name is None:
        return _only_encoder(models)
    folders = {folder.name: folder for folder in voice_folders(models)}
    if name not in folders:
        raise UnknownNameError("voice", name, folders)
    voice = Voice(folders[name])
    if GRAPH not in voice.manifest.graphs:
        raise VoiceError(f"voice {name!r} has no speaker encoder; convert it again with --se-model se.model")
    voice.verify()
    return voice.graph(GRAPH)


def encoder_of(voice: Voice) -> Path | None:
    """Returns the encoder whose embeddings the voice takes; None if there is none.

    It is the voice's own, else the one in its models folder, else the only one of the voices there whose embeddings
    have the same size.
    """
    if voice.speaker_embedding is None:
        return None
    if GRAPH in voice.manifest.graphs:
        return voice.graph(GRAPH)
    if (shared := shared_encoder(voice.folder.parent)).is_file():
        return shared
    size = embedding_size(voice)
    others = [other for other in _voices_with_encoders(voice.folder.parent) if embedding_size(other) == size]
    return others[0].graph(GRAPH) if len(others) == 1 else None


def shared_encoder(models: Path) -> Path:
    """Returns where an encoder for all voices of a models folder is."""
    return models / f"{GRAPH}.onnx"


def embedding_size(voice: Voice) -> int | None:
    """Returns how many numbers an embedding of the voice has; None for a voice that takes none."""
    return None if voice.speaker_embedding is None else int(voice.speaker_embedding.shape[1])


def _only_encoder(models: Path) -> Path:
    if (shared := shared_encoder(models)).is_file():
        return shared
    voices = _voices_with_encoders(models)
    if not voices:
        raise RequestError(
            f"there is no speaker encoder in {models}; make one with "
            f"`python -m convert --se-model se.model --output {models}`"
        )
    if len(voices) > 1:
        names = ", ".join(voice.name for voice in voices)
        raise RequestError(f"several voices have an encoder of their own: {names}; choose with --voice")
    voices[0].verify()
    return voices[0].graph(GRAPH)


def _voices_with_encoders(models: Path) -> list[Voice]:
    """The voices of the folder that have an encoder, one for each different encoder."""
    encoders: dict[str, Voice] = {}
    for folder in voice_folders(models):
        with suppress(VoiceError):  # broken voices do not count
            voice = Voice(folder)
            if GRAPH in voice.manifest.graphs:
                encoders.setdefault(voice.manifest.graphs[GRAPH].sha256, voice)
    return list(encoders.values())
