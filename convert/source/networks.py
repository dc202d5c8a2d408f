"""Finds the two networks of a voice: folders with config.yaml and ckpt/checkpoint_<number>.pth."""

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from convert.errors import PackageError
from convert.source.config_files import read_yaml, section
from convert.source.file_index import Tree, listed

_CHECKPOINT = re.compile(r"checkpoint[_-](\d{1,18})\.pth")
"""With `_` from a finished stretch of training, with `-` from an interrupted one."""


class Network(Enum):
    """What a part is, and how the three layouts call it."""

    ACOUSTIC = ("sambert", "acoustic model", "--am", ("am", "tmp_am"), "KanTtsSAMBERT")
    VOCODER = ("hifigan", "vocoder", "--voc", ("voc", "tmp_voc"), "Generator")

    def __init__(self, model_type: str, title: str, option: str, folders: tuple[str, ...], section: str) -> None:
        self.model_type = model_type
        self.title = title
        self.option = option
        self.folders = folders
        """Where it stands in a ModelScope package, and after fine-tuning."""
        self.section = section
        """Its settings are Model.<section>.params of config.yaml."""


@dataclass(frozen=True, slots=True)
class Part:
    """One trained network."""

    folder: Path
    config: dict[str, Any]
    """The whole config.yaml."""
    checkpoint: Path


def found_part(tree: Tree, network: Network) -> Part:
    """The only candidate in the tree: in a folder of the usual name, else elsewhere, else in the base model.

    Raises `PackageError` when there is none, more than one equally good, or one that has no checkpoint yet.
    """
    ranked: list[list[Path]] = [[], [], []]
    unfinished = []
    for file in tree.named("config.yaml"):
        folder, usual = file.parent, file.parent.name in network.folders
        if newest_checkpoint(folder) is None:
            unfinished += [folder] if usual and not tree.is_base(folder) else []
        elif usual or _model_type(read_yaml(file)) == network.model_type:
            ranked[2 if tree.is_base(folder) else 0 if usual else 1].append(folder)
    candidates = next(filter(None, ranked[:2]), [])
    if not candidates and unfinished:
        raise PackageError(
            f"{unfinished[0] / 'ckpt'} has no checkpoint_<number>.pth for the {network.title}; "
            f"finish the download or the training, or name another folder with {network.option}"
        )
    candidates = candidates or ranked[2]
    if len(candidates) > 1:
        raise PackageError(
            f"{tree.root} has several {network.title}s: {listed(candidates)}; choose one with {network.option}"
        )
    if candidates:
        return _open(candidates[0], network)
    if (folder := tree.root / network.folders[0]).is_dir():
        raise PackageError(f"{folder / 'config.yaml'} is missing; the {network.title} needs it")
    raise PackageError(
        f"{tree.root} has no {network.title}: no folder in it holds a config.yaml with 'model_type: "
        f"{network.model_type}' and a ckpt/checkpoint_<number>.pth; "
        + (unpack_first(tree.root) or f"name its folder with {network.option}")
    )


def named_part(path: Path, network: Network) -> Part:
    """The part that a person named: a folder with config.yaml, its ckpt folder, or a checkpoint itself."""
    option = network.option
    if not path.exists():
        raise PackageError(f"{option}: {path} is missing")
    checkpoint = path if path.is_file() else newest_checkpoint(path)
    if checkpoint is None:
        raise PackageError(f"{option}: {path} has no checkpoint_<number>.pth, neither in it nor in {path / 'ckpt'}")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    for place in (folder, folder.parent):
        if (place / "config.yaml").is_file():
            return _open(place, network, checkpoint)
    raise PackageError(f"{option}: {folder / 'config.yaml'} is missing, and so is {folder.parent / 'config.yaml'}")


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the highest number in `folder`/ckpt, else in `folder`."""
    for place in (folder / "ckpt", folder):
        files = sorted(place.iterdir()) if place.is_dir() else []
        numbered = [(int(match[1]), file) for file in files if (match := _CHECKPOINT.fullmatch(file.name))]
        if numbered:
            return max(numbered)[1]
    return None


def unpack_first(folder: Path) -> str:
    """What to do about archives that hold the parts; resource.zip belongs to the original text front end."""
    names = sorted(file.name for file in folder.glob("*.zip") if file.name != "resource.zip")
    return f"it holds {', '.join(names)}: unpack that there first" if names else ""


def _open(folder: Path, network: Network, checkpoint: Path | None = None) -> Part:
    file = folder / "config.yaml"
    config = read_yaml(file)
    checkpoint = checkpoint or newest_checkpoint(folder)
    assert checkpoint is not None
    model_type = _model_type(config)
    if model_type != network.model_type:
        raise PackageError(
            f"{file} has model_type {model_type!r}; for the {network.title} it is {network.model_type!r}"
        )
    if not isinstance(section(config, "Model", network.section, "params"), dict):
        raise PackageError(f"{file} has no section Model.{network.section}.params; the {network.title} needs it")
    return Part(folder, config, checkpoint)


def _model_type(config: dict[str, Any]) -> str | None:
    if "model_type" in config:
        return str(config["model_type"])
    return next((network.model_type for network in Network if section(config, "Model", network.section)), None)
