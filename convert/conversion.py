"""Writes one voice folder: the graphs and voice.yaml, all or nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from convert.checkpoint.reader import read_weights
from convert.checkpoint.weights import Weights
from convert.errors import ConvertError
from convert.graph.builder import Graph
from convert.models.hifigan import DEFAULTS, hifigan
from convert.models.mel_decoder import decoder_memory, mel_decoder
from convert.models.postnet import postnet
from convert.models.speaker_encoder import speaker_encoder
from convert.models.text_encoder import text_encoder
from convert.models.variance_adaptor import contour_embedding, contour_predictor, duration_predictor
from convert.output.folder import digest, replacing, write_graph
from convert.output.inventory import load_inventory
from convert.output.manifest import describe, load_array
from convert.output.tables import table_rows
from convert.source.config_files import Settings, model_settings
from convert.source.package import VoiceParts

TRAINING_ONLY = ("align_attention.*", "variance_adaptor.dur_position_encoder.inv_timescales", "*.num_batches_tracked")
"""Weights that inference does not read. The position code within a phone is a formula; the server computes it."""

Progress = Callable[[str], None]


@dataclass
class Conversion:
    """What became of one voice, or of a speaker encoder by itself."""

    path: Path
    parameters: int = 0
    notes: list[str] = field(default_factory=list)


def convert_voice(
    parts: VoiceParts,
    output: Path,
    origin: str,
    progress: Progress,
    variants: Sequence[str] = (),
    untrained: Sequence[str] = (),
) -> Conversion:
    """Converts one voice into `output`/<name>, replacing an older one only when everything is written.

    `variants` are precisions besides fp32; they need onnxruntime. `untrained` are some of `convert.manifest.UNTRAINED`.
    """
    result = Conversion(output / parts.name, notes=list(parts.notes))
    config = model_settings(parts.am_config, parts.am_checkpoint, "KanTtsSAMBERT")
    with replacing(result.path) as folder:
        graphs: dict[str, dict[str, Any]] = {}
        facts: dict[str, Any] = {}
        for graph in voice_graphs(parts, config, result.notes, facts, progress):
            progress(f"writing {graph.name}.onnx")
            graphs[graph.name] = write_graph(graph, folder)
            result.parameters += graph.parameters
        manifest = describe(parts, config, facts, origin)
        if untrained:
            manifest["untrained"] = list(untrained)
        manifest["files"] = copy_files(parts, config, folder)
        manifest["graphs"] = graphs
        if variants:
            from convert.quantization.variants import make_variants  # imports onnxruntime, which float32 does not need

            manifest["variants"] = make_variants(folder, manifest, variants, result.notes, progress)
        text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
        (folder / "voice.yaml").write_text(text, encoding="utf-8")
    return result


def voice_graphs(
    parts: VoiceParts, config: Settings, notes: list[str], facts: dict[str, Any], progress: Progress
) -> Iterator[Graph]:
    """The graphs of a voice, model by model, so that one model's weights are in memory at a time."""
    progress(f"reading {parts.am_checkpoint.name}")
    weights = Weights(read_weights(parts.am_checkpoint, "model"), str(parts.am_checkpoint))
    facts["inventory"] = inventory = load_inventory(parts.language)
    rows, facts["specials"] = table_rows(parts, config, weights, inventory, notes)
    graphs = [
        text_encoder(config, weights, rows),
        contour_predictor(config, weights, rows),
        contour_embedding(config, weights),
        duration_predictor(config, weights),
        decoder_memory(config, weights),
        mel_decoder(config, weights),
        postnet(config, weights),
    ]
    note_unused(weights, notes)
    facts["longest"] = graphs[0].fact("longest")
    yield from graphs

    progress(f"reading {parts.voc_checkpoint.name}")
    generator = model_settings(parts.voc_config, parts.voc_checkpoint, "Generator", DEFAULTS)
    weights = Weights(read_weights(parts.voc_checkpoint, "model", "generator"), str(parts.voc_checkpoint))
    graph = hifigan(generator, weights)
    note_unused(weights, notes)
    check_vocoder(parts, config, generator, graph)
    facts["samples_per_frame"], facts["harmonics"] = graph.fact("samples_per_frame"), graph.fact("harmonics") or 0
    yield graph

    if parts.speaker_encoder is None:
        return
    if config.get("SE"):
        yield encoder_graph(parts.speaker_encoder, notes, progress)
    else:
        notes.append(f"{parts.speaker_encoder.name} is left out: this voice takes no speaker embedding")


def encoder_graph(model: Path, notes: list[str], progress: Progress) -> Graph:
    """The speaker encoder in a se.model, which is a table of weights and nothing else."""
    progress(f"reading {model.name}")
    weights = Weights(read_weights(model), str(model))
    graph = speaker_encoder(weights)
    note_unused(weights, notes)
    return graph


def note_unused(weights: Weights, notes: list[str]) -> None:
    unused = weights.settle(TRAINING_ONLY)
    if unused:
        notes.append(f"{len(unused)} weights of {Path(weights.label).name} are not used: {', '.join(unused)}")


def check_vocoder(parts: VoiceParts, acoustic: Settings, generator: Settings, graph: Graph) -> None:
    """The vocoder must take what the acoustic model gives, at the rate that the package promises."""
    source = 2 if generator.get("nsf_params") else 0
    if acoustic["num_mels"] != generator["in_channels"] + source:
        raise ConvertError(
            f"the acoustic model puts out {acoustic['num_mels']} channels, but the vocoder takes "
            f"{generator['in_channels']}" + (" and F0 and voicing" if source else " and no F0 (no nsf_params)")
        )
    hop = parts.audio_config.get("hop_length")
    if hop != graph.fact("samples_per_frame"):
        raise ConvertError(
            f"upsample_scales make {graph.fact('samples_per_frame')} samples a frame, hop_length says {hop}"
        )


def copy_files(parts: VoiceParts, config: Settings, folder: Path) -> dict[str, str]:
    """The files of a voice that are no graphs, with their SHA-256."""
    if not config.get("SE"):
        return {}
    assert parts.speaker_embedding is not None  # `find_voices` has seen to it
    vector = load_array(parts.speaker_embedding).reshape(1, -1)
    if vector.shape[1] != config["speaker_units"]:
        raise ConvertError(
            f"{parts.speaker_embedding} holds {vector.shape[1]} numbers, this voice takes {config['speaker_units']}"
        )
    np.save(folder / "speaker.npy", vector.astype(np.float32))
    return {"speaker.npy": digest(folder / "speaker.npy")}
