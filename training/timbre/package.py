"""Converts the trained weights to a voice folder with its speaker encoder.

`python -m training.timbre.package CORPUS ENCODER ACOUSTIC VOCODER MODELS` writes MODELS/demo-timbre, in float32.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.conversion import convert_voice
from convert.output.folder import write_model
from convert.output.manifest import write_manifest
from convert.source.package import find_voices
from server.voices.manifest import read_manifest
from training.timbre.encoder import EMBEDDINGS_FILE, load_encoder
from training.timbre.encoder_network import encoder_graph
from training.voice.corpus.speakers import EMOTIONS
from training.voice.publish.package import pack

NAME = "demo-timbre"
SPEAKER = "average"
"""The speaker without a recording: the mean of all embeddings."""


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.timbre.package", description=__doc__)
    for name in ("corpus", "encoder", "acoustic", "vocoder", "models"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--name", default=NAME, help="name of the voice; default: %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder)
        trained = (arguments.corpus, arguments.acoustic, arguments.vocoder)
        pack(*trained, package, arguments.name, (SPEAKER,), average_embedding(arguments.encoder))
        (source,) = find_voices(package)
        voice = convert_voice(source, arguments.models, "training/timbre", print, emotions=tuple(EMOTIONS)).path
    add_encoder(voice, arguments.encoder)


def average_embedding(encoder: Path) -> NDArray[np.float32]:
    """Returns the mean (1, size) over the utterances of the corpus."""
    with np.load(encoder / EMBEDDINGS_FILE) as file:
        mean: NDArray[np.float32] = file["embeddings"].mean(0, keepdims=True)
    return mean


def add_encoder(voice: Path, encoder: Path) -> None:
    """Adds the trained encoder to a converted voice."""
    graph, manifest = encoder_graph(load_encoder(encoder)), read_manifest(voice)
    file = write_model(graph.build(), voice / f"{graph.name}.onnx", graph.parameters)
    write_manifest(manifest.model_copy(update={"graphs": {**manifest.graphs, graph.name: file}}), voice)


if __name__ == "__main__":
    main()
