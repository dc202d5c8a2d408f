"""Finds the two networks of a voice: folders with config.yaml and ckpt/checkpoint_<number>.pth."""

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from convert.errors import PackageError
from convert.source.config_files import read_yaml, section
from convert.source.file_index import FileIndex, join_paths

_CHECKPOINT = re.compile(r"checkpoint[_-](\d{1,18})\.pth")
"""`_` is written at regular intervals, `-` when a training is interrupted."""


class NetworkKind(Enum):
    """The kinds of networks, with their names in packages and on the command line."""

    ACOUSTIC = ("sambert", "acoustic model", "--am", ("am", "tmp_am"), "KanTtsSAMBERT")
    VOCODER = ("hifigan", "vocoder", "--voc", ("voc", "tmp_voc"), "Generator")

    def __init__(self, model_type: str, title: str, option: str, folders: tuple[str, ...], section: str) -> None:
        self.model_type = model_type
        self.title = title
        self.option = option
        self.folders = folders
        """Folder names in ModelScope packages, and after fine-tuning."""
        self.section = section
        """The settings are `Model.<section>.params` in config.yaml."""


@dataclass(frozen=True, slots=True)
class Network:
    """The files of one trained network."""

    folder: Path
    config: dict[str, Any]
    """The whole config.yaml."""
    checkpoint: Path


def find_network(index: FileIndex, kind: NetworkKind) -> Network:
    """The only candidate in the index: in a folder of the usual name, else in another folder, else in the base model.

    Raises `PackageError` if there is none, several of the same rank, or one without a checkpoint.
    """
    found: dict[str, list[Path]] = {"unfinished": [], "usual": [], "other": [], "base": []}
    for file in index.paths("config.yaml"):
        folder = file.parent
        usual_name, in_base = folder.name in kind.folders, index.in_base_model(folder)
        if newest_checkpoint(folder) is None:
            found["unfinished"] += [folder] if usual_name and not in_base else []
        elif usual_name or _model_type(read_yaml(file)) == kind.model_type:
            found["base" if in_base else "usual" if usual_name else "other"].append(folder)
    candidates = found["usual"] or found["other"]
    if found["unfinished"] and not candidates:
        raise PackageError(
            f"{found['unfinished'][0] / 'ckpt'} has no checkpoint_<number>.pth for the {kind.title}; "
            f"finish the download or the training, or name another folder with {kind.option}"
        )
    candidates = candidates or found["base"]
    if not candidates:
        raise _missing_network(index, kind)
    if len(candidates) > 1:
        raise PackageError(
            f"{index.root} has several {kind.title}s: {join_paths(candidates)}; choose one with {kind.option}"
        )
    return _load_network(candidates[0], kind)


def network_at(path: Path, kind: NetworkKind) -> Network:
    """The network at a given path: a folder with config.yaml, its ckpt folder, or a checkpoint file."""
    option = kind.option
    if not path.exists():
        raise PackageError(f"{option}: {path} is missing")
    checkpoint = path if path.is_file() else newest_checkpoint(path)
    if checkpoint is None:
        raise PackageError(f"{option}: {path} has no checkpoint_<number>.pth, neither in it nor in {path / 'ckpt'}")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    for place in (folder, folder.parent):
        if (place / "config.yaml").is_file():
            return _load_network(place, kind, checkpoint)
    raise PackageError(f"{option}: {folder / 'config.yaml'} is missing, and so is {folder.parent / 'config.yaml'}")


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the highest number in `folder`/ckpt, else in `folder`."""
    for place in (folder / "ckpt", folder):
        files = sorted(place.iterdir()) if place.is_dir() else []
        numbered = [(int(match[1]), file) for file in files if (match := _CHECKPOINT.fullmatch(file.name))]
        if numbered:
            return max(numbered)[1]
    return None


def unpack_hint(folder: Path) -> str:
    """What to do about archives in the folder; resource.zip is the original text front end and is not needed."""
    names = sorted(file.name for file in folder.glob("*.zip") if file.name != "resource.zip")
    return f"it holds {', '.join(names)}: unpack that there first" if names else ""


def _missing_network(index: FileIndex, kind: NetworkKind) -> PackageError:
    if (folder := index.root / kind.folders[0]).is_dir():
        return PackageError(f"{folder / 'config.yaml'} is missing; the {kind.title} needs it")
    return PackageError(
        f"{index.root} has no {kind.title}: no folder in it holds a config.yaml with 'model_type: "
        f"{kind.model_type}' and a ckpt/checkpoint_<number>.pth; "
        + (unpack_hint(index.root) or f"name its folder with {kind.option}")
    )


def _load_network(folder: Path, kind: NetworkKind, checkpoint: Path | None = None) -> Network:
    file = folder / "config.yaml"
    config = read_yaml(file)
    checkpoint = checkpoint or newest_checkpoint(folder)
    assert checkpoint is not None
    model_type = _model_type(config)
    if model_type != kind.model_type:
        raise PackageError(f"{file} has model_type {model_type!r}; for the {kind.title} it is {kind.model_type!r}")
    if not isinstance(section(config, "Model", kind.section, "params"), dict):
        raise PackageError(f"{file} has no section Model.{kind.section}.params; the {kind.title} needs it")
    return Network(folder, config, checkpoint)


def _model_type(config: dict[str, Any]) -> str | None:
    if "model_type" in config:
        return str(config["model_type"])
    return next((kind.model_type for kind in NetworkKind if section(config, "Model", kind.section)), None)
