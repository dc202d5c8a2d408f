"""The files below a folder that can be parts of a voice, and which of several with one name is meant."""

import os
from dataclasses import dataclass
from pathlib import Path

from convert.errors import PackageError

_WANTED = {"config.yaml", "se.npy", "se.model", "se.onnx", "mvn.npy"}
_DEEPEST = 6
"""Folders below the root that are searched."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What was found below `root`: paths by the name of the file."""

    root: Path
    files: dict[str, list[Path]]

    def named(self, name: str) -> list[Path]:
        return self.files.get(name, [])

    def is_base(self, path: Path) -> bool:
        """Whether the path belongs to the pre-trained model that a voice was fine-tuned from."""
        if not path.is_relative_to(self.root):
            return False
        return any(part == "orig_model" or part.startswith("basemodel") for part in path.relative_to(self.root).parts)

    def beside(self, folder: Path, name: str, option: str, *, of_base: bool = True) -> Path | None:
        """The file of that name in `folder`, else the only one in the tree; fine-tuned ones go before the base's.

        Without `of_base` the base's file does not serve a model outside of the base: it belongs to another speaker.
        """
        if (folder / name).is_file():
            return folder / name
        own = [file for file in self.named(name) if not self.is_base(file)]
        base = [file for file in self.named(name) if self.is_base(file)]
        files = own or (base if of_base or self.is_base(folder) else [])
        if len(files) > 1:
            raise PackageError(f"{self.root} has several {name}: {listed(files)}; choose one with {option}")
        return files[0] if files else None


def look_below(root: Path) -> Tree:
    """Searches without following links; an `audio_config_se_16k.yaml` counts as `audio_config.yaml`."""
    files: dict[str, list[Path]] = {}
    for folder, below, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        below[:] = sorted(name for name in below if not name.startswith(".") and depth < _DEEPEST)
        for name in sorted(names):
            if name.startswith("audio_config") and name.endswith(".yaml"):
                files.setdefault("audio_config.yaml", []).append(Path(folder, name))
            elif name in _WANTED:
                files.setdefault(name, []).append(Path(folder, name))
    return Tree(root, files)


def listed(paths: list[Path]) -> str:
    return "; ".join(map(str, paths))
