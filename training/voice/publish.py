"""Makes a converted voice ready to ship: `python -m training.voice.publish VOICE REPORT`.

Its weights, but for those of the vocoder, are stored as float16, and voice.yaml says where it comes from and how well
it is understood. Only storage changes: a Cast behind each weight, which ONNX Runtime computes once when it opens the
graph, so every product is still made in float32. Rounding a weight moves it by 0.05 % at most, which is not heard.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 256
"""Numbers. Smaller weights are not worth a node, and scalars among them want to be exact."""
LARGEST = 65504.0
WHOLE = "vocoder"
"""Stays as it is: variants in other precisions are made from it."""
ORIGIN = {
    "origin": "trained by this project (training/voice) on speech synthesised with espeak-ng: clear, and like a robot",
    "licence": "free to use, as the output of espeak-ng is; the weights come under the project's licence",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.publish", description=__doc__)
    parser.add_argument("voice", type=Path)
    parser.add_argument("report", type=Path, help="the folder that training.voice.evaluate wrote")
    arguments = parser.parse_args()
    publish(arguments.voice, ORIGIN | {"figures": figures(arguments.report)})


def figures(report: Path) -> str:
    found = json.loads((report / "figures.json").read_text())
    read = {name.removeprefix("read "): entry for name, entry in found.items() if name.startswith("read ")}
    wrong = ", ".join(f"{style} {entry['syllable_errors']:.1f}" for style, entry in read.items())
    tones = ", ".join(f"{style} {entry['tone_errors']:.1f}" for style, entry in read.items())
    return f"wrong syllables in sentences read aloud, by the recipe's listener, percent: {wrong}; wrong tones: {tones}"


def publish(voice: Path, statement: dict[str, str]) -> None:
    """`statement` goes into the manifest's `source`; the sums follow, and everything else in it stays as it is."""
    manifest_file = voice / "voice.yaml"
    manifest = yaml.safe_load(manifest_file.read_text("utf-8"))
    for name, graph in manifest["graphs"].items():
        if name == WHOLE:
            continue
        path = voice / graph["file"]
        model = onnx.load(path)
        store_as_halves(model.graph)
        onnx.checker.check_model(model, full_check=True)
        content = model.SerializeToString()
        path.write_bytes(content)
        graph |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest["source"] |= statement
    text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    manifest_file.write_text(text, encoding="utf-8")


def store_as_halves(graph: onnx.GraphProto) -> None:
    kept, casts = [], []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < SMALLEST or np.abs(values).max() > LARGEST:
            kept.append(weight)
            continue
        stored = f"{weight.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [weight.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)


if __name__ == "__main__":
    main()
