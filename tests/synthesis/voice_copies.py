"""Copies of the small embedded voice under other names, and registries of them."""

import shutil
from pathlib import Path

import yaml

from server.config import Config
from server.synthesis.registry import VoiceRegistry
from tests.conftest import EMBEDDED

SMALL = EMBEDDED.with_name("demo-small")


def copy_voice(models: Path, name: str, original: Path = SMALL, **changes: object) -> Path:
    """The voice as `models`/name; `changes` are keys of its voice.yaml."""
    folder = Path(shutil.copytree(original, models / name))
    change_manifest(folder, name=name, **changes)
    return folder


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / "voice.yaml"
    content = yaml.safe_load(path.read_text("utf-8")) | changes
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def replace_voice(models: Path, name: str, original: Path, **changes: object) -> None:
    """As the converter does it: the new folder is complete before it gets the name."""
    copy_voice(models, ".new", original, **changes)
    change_manifest(models / ".new", name=name)
    shutil.move(models / name, models / ".old")
    (models / ".new").rename(models / name)
    shutil.rmtree(models / ".old")


def registry_of(path: Path, **sections: dict[str, object]) -> VoiceRegistry:
    """A loaded registry; `models=` adds keys to that section."""
    section = {"path": path, **sections.pop("models", {})}
    runtime = {"providers": ["cpu"], "threads": 1, "precision": "fp32", **sections.pop("runtime", {})}
    registry = VoiceRegistry(Config.model_validate({"models": section, "runtime": runtime, **sections}))
    registry.load()
    return registry
