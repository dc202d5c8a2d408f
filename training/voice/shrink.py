"""Halves a voice folder: `python -m training.voice.shrink models/demo` stores its weights as float16.

Only storage changes: a Cast behind each weight, which ONNX Runtime computes once when it opens the graph, so every
product is still made in float32. Rounding a weight moves it by 0.05 % at most, which is not heard.
"""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 256
"""Numbers. Smaller weights are not worth a node, and scalars among them want to be exact."""
LARGEST = 65504.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.shrink", description=__doc__)
    parser.add_argument("voice", type=Path)
    shrink(parser.parse_args().voice)


def shrink(voice: Path) -> None:
    """The manifest's sums follow; everything else in it stays as it is."""
    manifest_file = voice / "voice.yaml"
    manifest = yaml.safe_load(manifest_file.read_text("utf-8"))
    for graph in _graphs(manifest):
        path = voice / graph["file"]
        model = onnx.load(path)
        store_as_halves(model.graph)
        onnx.checker.check_model(model, full_check=True)
        content = model.SerializeToString()
        path.write_bytes(content)
        graph |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
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


def _graphs(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every entry that names a file and its sum, wherever in the manifest."""
    for value in manifest.values():
        if isinstance(value, dict):
            if {"file", "sha256", "bytes"} <= value.keys():
                yield value
            else:
                yield from _graphs(value)


if __name__ == "__main__":
    main()
