"""Converts a speaker encoder that comes without a voice, into one file beside the folders of the voices."""

import os
from pathlib import Path

from convert.conversion import Conversion, Progress, encoder_graph
from convert.errors import ConvertError, PackageError
from convert.source.file_index import listed, look_below


def lone_encoder(source: Path) -> Path | None:
    """The se.model that `source` is, or that stands in it where no config.yaml tells of a voice; None without one."""
    if source.is_file():
        return source if source.suffix == ".model" else None
    tree = look_below(source)
    if tree.named("config.yaml"):
        return None
    models = tree.named("se.model")
    if len(models) > 1:
        raise PackageError(f"{source} has several se.model: {listed(models)}; choose one with --se-model")
    return models[0] if models else None


def convert_encoder(model: Path, output: Path, progress: Progress) -> Conversion:
    """Writes `output`/speaker_encoder.onnx, which takes the place of an older one when it is complete."""
    result = Conversion(output / "speaker_encoder.onnx")
    graph = encoder_graph(model, result.notes, progress)
    result.parameters = graph.parameters
    progress(f"writing {result.path.name}")
    partial = output / f".{result.path.name}.{os.getpid()}.partial"
    try:
        output.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(graph.build().SerializeToString(deterministic=True))
        partial.replace(result.path)
    except OSError as error:
        raise ConvertError(f"cannot write {result.path}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return result
