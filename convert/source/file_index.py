"""Index of the files in a package that can belong to a voice."""

import os
from dataclasses import dataclass
from pathlib import Path

from convert.errors import PackageError

AUDIO_CONFIG = "audio_config.yaml"
TRAINING_LISTS = ("am_train.lst", "am_fprm_train.lst")
"""Training lists of KAN-TTS; the second name is that of voices with filled pauses (`get_am_datasets`)."""

_INDEXED_NAMES = {"config.yaml", "se.npy", "se.model", "se.onnx", "mvn.npy", *TRAINING_LISTS}
_MAX_DEPTH = 6
"""Levels of folders below the root."""


@dataclass(frozen=True, slots=True)
class FileIndex:
    """The indexed files below `root`, by file name."""

    root: Path
    files: dict[str, list[Path]]

    def paths(self, name: str) -> list[Path]:
        """All files of that name, sorted by folder."""
        return self.files.get(name, [])

    def in_base_model(self, path: Path) -> bool:
        """Whether the path is part of the pre-trained model that a voice was fine-tuned from."""
        if not path.is_relative_to(self.root):
            return False
        return any(part == "orig_model" or part.startswith("basemodel") for part in path.relative_to(self.root).parts)

    def own_paths(self, name: str, folder: Path, *, base_fallback: bool = True) -> list[Path]:
        """The files of that name outside of the base model; without any, those of the base model.

        With `base_fallback=False` files of the base model are used only if `folder` is part of the base model.
        """
        own = [file for file in self.paths(name) if not self.in_base_model(file)]
        return own or (self.paths(name) if base_fallback or self.in_base_model(folder) else [])

    def companion(self, folder: Path, name: str, option: str, *, base_fallback: bool = True) -> Path | None:
        """The file of that name in `folder`, else the only one in the index; None without any.

        Raises `PackageError` for several candidates; it names the command line `option` that selects one.
        """
        if (folder / name).is_file():
            return folder / name
        return self.single(self.own_paths(name, folder, base_fallback=base_fallback), option)

    def single(self, files: list[Path], option: str) -> Path | None:
        """The only one of the files of one name; None without any. Raises `PackageError` like `companion`."""
        if len(files) > 1:
            raise PackageError(
                f"{self.root} has several {files[0].name}: {join_paths(files)}; choose one with {option}"
            )
        return files[0] if files else None


def index_files(root: Path) -> FileIndex:
    """Indexes the files below `root` without following links; `audio_config_*.yaml` counts as `audio_config.yaml`."""
    files: dict[str, list[Path]] = {}
    for folder, subfolders, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and depth < _MAX_DEPTH)
        for name in sorted(names):
            if name.startswith("audio_config") and name.endswith(".yaml"):
                files.setdefault(AUDIO_CONFIG, []).append(Path(folder, name))
            elif name in _INDEXED_NAMES:
                files.setdefault(name, []).append(Path(folder, name))
    return FileIndex(root, files)


def join_paths(paths: list[Path]) -> str:
    """The paths as text, separated by semicolons."""
    return "; ".join(map(str, paths))
