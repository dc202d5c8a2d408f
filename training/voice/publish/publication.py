"""Publishes a converted voice: smaller weights, a new name, and its origin and evaluation in voice.yaml."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import onnx
import yaml
from onnx import TensorProto

from convert.errors import ConvertError
from convert.output.folder import replacing
from training.voice.publish.weight_storage import STORAGE_FORMATS

FLOAT32_GRAPHS = {"float16": {"vocoder"}, "int8": set[str]()}
"""Graphs that stay float32, by storage format. The vocoder's variants in other precisions are made from float32; the
smallest voice goes without them."""
ORIGIN = {
    "origin": "trained by this project (training/voice) on speech synthesized with espeak-ng: clear, and like a robot",
    "licence": "free to use, as the output of espeak-ng is; the weights come under the project's licence",
}
STORAGE_NOTES = {
    "float16": "float16, the vocoder float32; the figures are those of the voice before it was stored so",
    "int8": "8 bits a weight; the figures are those of the voice before it was stored so",
}


def read_figures(report: Path) -> str:
    """Returns the error rates of an evaluation as text for voice.yaml.

    `report` is the folder of training.voice.evaluate. Raises `ConvertError` if it has no figures.
    """
    path = report / "figures.json"
    if not path.is_file():
        raise ConvertError(f"{path} is missing; `python -m training.voice.evaluate` writes it")
    summaries = json.loads(path.read_text())
    styles = {name.removeprefix("read "): figures for name, figures in summaries.items() if name.startswith("read ")}

    def listed(figure: str) -> str:
        return ", ".join(f"{style} {figures[figure]:.1f}" for style, figures in styles.items())

    return (
        "wrong syllables in sentences read aloud, by the recipe's speech recognizer, percent: "
        f"{listed('syllable_errors')}; wrong tones: {listed('tone_errors')}; "
        f"wrong English words: {listed('english_errors')}"
    )


def publish(voice: Path, folder: Path, source: Mapping[str, str], storage: str = "float16") -> int:
    """Writes the published voice to `folder` and returns its size in bytes.

    `source` is added to the manifest's `source`, `storage` is one of `STORAGE_FORMATS`. The name is that of `folder`.
    Raises `ConvertError` if `voice` is not a converted voice in float32 alone.
    """
    if not (voice / "voice.yaml").is_file():
        raise ConvertError(f"{voice} is not a converted voice: voice.yaml is missing")
    manifest = yaml.safe_load((voice / "voice.yaml").read_text("utf-8"))
    if variants := manifest.get("variants"):
        raise ConvertError(f"{voice} also holds {', '.join(variants)}; convert it again with --precision fp32")
    with replacing(folder.absolute()) as fresh:
        for name, graph in manifest["graphs"].items():
            content = _store(voice / graph["file"], storage if name not in FLOAT32_GRAPHS[storage] else None)
            (fresh / graph["file"]).write_bytes(content)
            graph |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name in manifest["files"]:
            shutil.copy(voice / name, fresh)
        manifest["name"] = folder.absolute().name
        manifest["source"] |= source
        text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
        (fresh / "voice.yaml").write_text(text, encoding="utf-8")
        return sum(file.stat().st_size for file in fresh.iterdir())


def _store(path: Path, storage: str | None) -> bytes:
    model = onnx.load(path)
    if any(weight.data_type in (TensorProto.FLOAT16, TensorProto.INT8) for weight in model.graph.initializer):
        raise ConvertError(f"{path} does not have float32 weights; publish the voice that `python -m convert` wrote")
    if storage:
        STORAGE_FORMATS[storage](model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
