"""Makes a converted voice ready to ship: `python -m training.voice.publish VOICE REPORT FOLDER`.

The voice goes into FOLDER and takes its name; its weights are stored smaller (`storage`), and voice.yaml says where it
comes from and how well it is understood. VOICE stays as it is, so that one voice can be published in both ways.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import onnx
import yaml
from onnx import TensorProto

from convert.errors import ConvertError
from convert.output.folder import replacing
from training.voice.storage import WAYS

WHOLE = {"halves": {"vocoder"}, "bytes": set[str]()}
"""Graphs that stay float32: variants in other precisions are made from the vocoder, but not for the smallest boxes."""
ORIGIN = {
    "origin": "trained by this project (training/voice) on speech synthesised with espeak-ng: clear, and like a robot",
    "licence": "free to use, as the output of espeak-ng is; the weights come under the project's licence",
}
STORED = {
    "halves": "float16, the vocoder float32",
    "bytes": "8 bits a weight; the figures are those of the voice before it was stored so",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.voice.publish", description=__doc__)
    parser.add_argument("voice", type=Path, help="as `python -m convert --precision fp32` wrote it")
    parser.add_argument("report", type=Path, help="the folder that training.voice.evaluate wrote")
    parser.add_argument("folder", type=Path, help="where the published voice goes, such as models/demo")
    parser.add_argument("--storage", choices=WAYS, default="halves", help="default: %(default)s")
    arguments = parser.parse_args()
    statement = ORIGIN | {"storage": STORED[arguments.storage]}
    try:
        size = publish(
            arguments.voice, arguments.folder, statement | {"figures": figures(arguments.report)}, arguments.storage
        )
    except ConvertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.folder}  ({size:,} bytes)")
    return 0


def figures(report: Path) -> str:
    path = report / "figures.json"
    if not path.is_file():
        raise ConvertError(f"{path} is missing; `python -m training.voice.evaluate` writes it")
    found = json.loads(path.read_text())
    read = {name.removeprefix("read "): entry for name, entry in found.items() if name.startswith("read ")}

    def listed(kind: str) -> str:
        return ", ".join(f"{style} {entry[kind]:.1f}" for style, entry in read.items())

    return (
        "wrong syllables in sentences read aloud, by the recipe's listener, percent: "
        f"{listed('syllable_errors')}; wrong tones: {listed('tone_errors')}; "
        f"wrong English words: {listed('english_errors')}"
    )


def publish(voice: Path, folder: Path, statement: Mapping[str, str], storage: str = "halves") -> int:
    """How many bytes the published voice has.

    `statement` goes into the manifest's `source`; name and sums are those of `folder`, and all else stays as it is.
    Raises `ConvertError` for a voice that is not float32 throughout.
    """
    if not (voice / "voice.yaml").is_file():
        raise ConvertError(f"{voice} is no converted voice: voice.yaml is missing")
    manifest = yaml.safe_load((voice / "voice.yaml").read_text("utf-8"))
    if variants := manifest.get("variants"):
        raise ConvertError(f"{voice} holds {', '.join(variants)} too; convert it again with --precision fp32")
    with replacing(folder.absolute()) as fresh:
        for name, graph in manifest["graphs"].items():
            content = _stored(voice / graph["file"], storage if name not in WHOLE[storage] else None)
            (fresh / graph["file"]).write_bytes(content)
            graph |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name in manifest["files"]:
            shutil.copy(voice / name, fresh)
        manifest["name"] = folder.absolute().name
        manifest["source"] |= statement
        text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
        (fresh / "voice.yaml").write_text(text, encoding="utf-8")
        return sum(file.stat().st_size for file in fresh.iterdir())


def _stored(path: Path, storage: str | None) -> bytes:
    model = onnx.load(path)
    if any(weight.data_type in (TensorProto.FLOAT16, TensorProto.INT8) for weight in model.graph.initializer):
        raise ConvertError(f"{path} is stored smaller already; publish the voice that `python -m convert` wrote")
    if storage:
        WAYS[storage](model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


if __name__ == "__main__":
    sys.exit(main())
