"""Finds the voice folders in the configured models folder, and the default voice."""

from collections.abc import Iterable
from pathlib import Path

from server.config import Config
from server.errors import ConfigurationError, UnknownNameError, VoiceError

DEFAULT_VOICE = "demo"


def voice_folder(config: Config, name: str | None) -> Path:
    """Returns the folder of the voice `name`, by default of the default voice.

    Raises `UnknownNameError`, `VoiceError` where there are no voices, and what `voice_folders` raises.
    """
    folders = {folder.name: folder for folder in voice_folders(config.models.path)}
    if not folders:
        raise VoiceError(f"there is no voice in {config.models.path}; convert one with `python -m convert`")
    name = name or config.models.default_voice or default_name(folders)
    if name not in folders:
        raise UnknownNameError("voice", name, folders)
    return folders[name]


def default_name(names: Iterable[str]) -> str:
    """Returns `demo` if it exists, else the first name; empty without names."""
    names = list(names)
    return DEFAULT_VOICE if DEFAULT_VOICE in names else next(iter(names), "")


def voice_folders(models: Path) -> list[Path]:
    """Returns the visible folders in `models`, sorted. Raises `ConfigurationError` if `models` is not a folder."""
    if not models.is_dir():
        raise ConfigurationError(f"the models folder {models} does not exist; set models.path or --models")
    return sorted(folder for folder in models.iterdir() if folder.is_dir() and not folder.name.startswith("."))
