"""Converts one voice to a voice folder, or a speaker encoder to a file; nothing is written if it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
from convert.output.embedding_tables import check_tables
from convert.output.folder import replacing, replacing_file, sha256, write_model
from convert.output.inventory import TRAINABLE_EMOTIONS, Inventory, load_inventory
from convert.output.manifest import build_manifest, load_array, unit_inventory, write_manifest
from convert.source.config_files import Settings, model_settings
from convert.source.file_index import index_files
from convert.source.package import VoiceSource
from convert.source.training_list import read_emotions
from server.voices.manifest import EMOTION_PREFIX, GraphFile, UnitInventory, Vocoder

IGNORED_WEIGHTS = ("align_attention.*", "variance_adaptor.dur_position_encoder.inv_timescales", "*.num_batches_tracked")
"""Weights that only the training uses. The server computes the position codes of frames by their formula."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Conversion:
    """The result of a conversion."""

    path: Path
    """The voice folder, or the file of a speaker encoder."""
    parameters: int
    """Number of weights in all graphs."""
    notes: tuple[str, ...]
    """Messages for the user."""


def convert_voice(
    source: VoiceSource,
    output: Path,
    package: str,
    progress: Progress,
    variants: Sequence[str] = (),
    untrained: Sequence[str] = (),
    emotions: Sequence[str] = (),
) -> Conversion:
    """Converts one voice to `output`/<name>. An older voice is replaced when everything is written.

    `package` is the name of the source for voice.yaml, `variants` are precisions besides fp32, which need onnxruntime,
    `untrained` are items of `convert.output.manifest.UNTRAINED`, `emotions` are the trained emotions without prefix;
    empty: those of the training lists. Raises `ConvertError`.
    """
    path, trained = output / source.name, _trained_emotions(source, emotions)
    config = model_settings(source.acoustic.config, source.acoustic.checkpoint, "KanTtsSAMBERT")
    with replacing(path) as folder:
        inventory = load_inventory(source.language)
        graphs, units, acoustic_notes = _convert_acoustic_model(source, config, inventory, folder, progress)
        graphs["vocoder"], vocoder, vocoder_notes = _convert_vocoder(source, config, folder, progress)
        notes = [*source.notes, *acoustic_notes, *vocoder_notes]
        if trained and not emotions:
            notes.append(f"trained emotions, from {source.training_lists[0].name}: {', '.join(trained)}")
        if source.speaker_encoder is not None and config.get("SE"):
            encoder, encoder_notes = _build_speaker_encoder(source.speaker_encoder, progress)
            graphs[encoder.name] = _write_graph(encoder, folder, progress)
            notes += encoder_notes
        elif source.speaker_encoder is not None:
            notes.append(f"{source.speaker_encoder.name} is left out: this voice takes no speaker embedding")
        sections = {"units": units, "vocoder": vocoder, "graphs": graphs, "files": _copy_files(source, config, folder)}
        optional = {"untrained": tuple(untrained), "trained_emotions": trained}
        sections |= {name: value for name, value in optional.items() if value}
        manifest = build_manifest(source, config, package, emotions=inventory.emotions, **sections)
        if variants:
            from convert.quantization.variants import make_variants  # imports onnxruntime, which fp32 does not need

            created = make_variants(folder, manifest, variants, progress)
            manifest = manifest.model_copy(update={"variants": created.variants})
            notes += created.notes
        write_manifest(manifest, folder)
    return Conversion(path, sum(graph.parameters for graph in graphs.values()), tuple(notes))


def convert_speaker_encoder(model: Path, output: Path, progress: Progress) -> Conversion:
    """Writes `output`/speaker_encoder.onnx. An older file is replaced when the new one is complete."""
    path = output / "speaker_encoder.onnx"
    graph, notes = _build_speaker_encoder(model, progress)
    progress(f"writing {path.name}")
    with replacing_file(path) as temporary:
        write_model(graph.build(), temporary, graph.parameters)
    return Conversion(path, graph.parameters, notes)


def find_speaker_encoder(source: Path) -> Path | None:
    """The se.model that `source` is, or that is in a folder without a voice (config.yaml); None if there is none."""
    if source.is_file():
        return source if source.suffix == ".model" else None
    index = index_files(source)
    return None if index.paths("config.yaml") else index.single(index.paths("se.model"), "--se-model")


def _convert_acoustic_model(
    source: VoiceSource, config: Settings, inventory: Inventory, folder: Path, progress: Progress
) -> tuple[dict[str, GraphFile], UnitInventory, tuple[str, ...]]:
    """The written graphs by name, the units, and notes."""
    weights = _read_weights(source.acoustic.checkpoint, progress, "model")
    tables = check_tables(source, config, weights, inventory)
    graphs = [
        text_encoder(config, weights, tables.rows),
        contour_predictor(config, weights, tables.rows),
        contour_embedding(config, weights),
        duration_predictor(config, weights),
        decoder_memory(config, weights),
        mel_decoder(config, weights),
        postnet(config, weights),
    ]
    notes = (*tables.notes, *_check_weights(weights))
    files = {graph.name: _write_graph(graph, folder, progress) for graph in graphs}
    units = unit_inventory(config, inventory, tables.specials, graphs[0].metadata("longest"))
    return files, units, notes


def _convert_vocoder(
    source: VoiceSource, config: Settings, folder: Path, progress: Progress
) -> tuple[GraphFile, Vocoder, tuple[str, ...]]:
    """The written graph, its section of the manifest, and notes."""
    generator = model_settings(source.vocoder.config, source.vocoder.checkpoint, "Generator", DEFAULTS)
    weights = _read_weights(source.vocoder.checkpoint, progress, "model", "generator")
    graph = hifigan(generator, weights)
    notes = _check_weights(weights)
    _check_vocoder(source, config, generator, graph)
    harmonics = graph.metadata("harmonics") or 0
    section = Vocoder(samples_per_frame=graph.metadata("samples_per_frame"), harmonics=harmonics)
    return _write_graph(graph, folder, progress), section, notes


def _build_speaker_encoder(model: Path, progress: Progress) -> tuple[Graph, tuple[str, ...]]:
    """The graph, not written yet, and notes."""
    weights = _read_weights(model, progress)
    return speaker_encoder(weights), _check_weights(weights)


def _read_weights(checkpoint: Path, progress: Progress, *keys: str) -> Weights:
    progress(f"reading {checkpoint.name}")
    return Weights(read_weights(checkpoint, *keys), str(checkpoint))


def _write_graph(graph: Graph, folder: Path, progress: Progress) -> GraphFile:
    file = folder / f"{graph.name}.onnx"
    progress(f"writing {file.name}")
    return write_model(graph.build(), file, graph.parameters)


def _check_weights(weights: Weights) -> tuple[str, ...]:
    """A note about unused weights, if any. Raises `ConvertError` for missing and misshapen weights."""
    weights.check()
    unused = weights.unused(IGNORED_WEIGHTS)
    return (f"{len(unused)} weights of {Path(weights.label).name} are not used: {', '.join(unused)}",) if unused else ()


def _check_vocoder(source: VoiceSource, acoustic: Settings, generator: Settings, graph: Graph) -> None:
    """Raises `ConvertError` if the vocoder does not fit the acoustic model's output or the sampling rate."""
    extra_channels = 2 if generator.get("nsf_params") else 0
    if acoustic["num_mels"] != generator["in_channels"] + extra_channels:
        raise ConvertError(
            f"the acoustic model outputs {acoustic['num_mels']} channels, but the vocoder takes "
            f"{generator['in_channels']}" + (" and F0 and voicing" if extra_channels else " and no F0 (no nsf_params)")
        )
    hop, samples_per_frame = source.audio_config.get("hop_length"), graph.metadata("samples_per_frame")
    if hop != samples_per_frame:
        raise ConvertError(f"upsample_scales make {samples_per_frame} samples a frame, but hop_length is {hop}")


def _trained_emotions(source: VoiceSource, emotions: Sequence[str]) -> tuple[str, ...]:
    """The given emotions, else those of the training lists, in the order of the table."""
    if unknown := set(emotions) - set(TRAINABLE_EMOTIONS):
        raise ConvertError(f"unknown emotions {', '.join(sorted(unknown))}; valid: {', '.join(TRAINABLE_EMOTIONS)}")
    trained = emotions or {name.removeprefix(EMOTION_PREFIX) for name in read_emotions(source.training_lists)}
    return tuple(name for name in TRAINABLE_EMOTIONS if name in trained)


def _copy_files(source: VoiceSource, config: Settings, folder: Path) -> dict[str, str]:
    """Writes the files of a voice other than graphs; their SHA-256 by name."""
    if not config.get("SE"):
        return {}
    assert source.speaker_embedding is not None  # checked by `find_voices`
    vector = load_array(source.speaker_embedding).reshape(1, -1)
    if vector.shape[1] != config["speaker_units"]:
        raise ConvertError(
            f"{source.speaker_embedding} holds {vector.shape[1]} numbers, this voice takes {config['speaker_units']}"
        )
    np.save(folder / "speaker.npy", vector.astype(np.float32))
    return {"speaker.npy": sha256(folder / "speaker.npy")}
