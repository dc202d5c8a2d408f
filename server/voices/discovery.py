"""Finds the voice folders below the configured models folder, and the default one."""

from collections.abc import Iterable
from pathlib import Path

from server.config import Config
from server.errors import ConfigurationError, UnknownNameError, VoiceError

DEFAULT_VOICE = "demo"


def voice_folder(config: Config, name: str | None) -> Path:
    """Where the voice of that name is, or the default one. Raises `UnknownNameError`, or `VoiceError` without any."""
    folders = {folder.name: folder for folder in voice_folders(config.models.path)}
    if not folders:
        raise VoiceError(f"there is no voice in {config.models.path}; convert one with `python -m convert`")
    name = name or config.models.default_voice or default_name(folders)
    if name not in folders:
        raise UnknownNameError("voice", name, folders)
    return folders[name]


def default_name(names: Iterable[str]) -> str:
    """`demo` if it is there, else the first one; empty if there is none."""
    names = list(names)
    return DEFAULT_VOICE if DEFAULT_VOICE in names else next(iter(names), "")


def voice_folders(models: Path) -> list[Path]:
    """The folders below `models` that look like voices. Raises `ConfigurationError` if there is no such folder."""
    if not models.is_dir():
        raise ConfigurationError(f"the voices' folder {models} does not exist; set models.path or give --models")
    return sorted(folder for folder in models.iterdir() if folder.is_dir() and not folder.name.startswith("."))
