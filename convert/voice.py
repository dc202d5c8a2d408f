"""Writes one voice folder: the graphs and voice.yaml, all or nothing."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from convert.checkpoint import read_weights
from convert.errors import ConvertError
from convert.graph import Graph
from convert.hifigan import hifigan
from convert.inventory import Inventory, load_inventory
from convert.mel_decoder import decoder_memory, mel_decoder
from convert.package import VoiceParts
from convert.postnet import postnet
from convert.text_encoder import BYTE_TABLE, TABLES, text_encoder
from convert.variance_adaptor import contour_embedding, contour_predictor, duration_predictor
from convert.weights import Weights

FORMAT = 1
TRAINING_ONLY = ("align_attention.*", "variance_adaptor.dur_position_encoder.inv_timescales", "*.num_batches_tracked")
"""Weights that inference does not read. The position code within a phone is a formula; the server computes it."""
FILLED_PAUSES = (("ge", "en_c"), ("ga", "a_c"), ("ge", "e_c"))
"""嗯, 啊, 呃: what a voice with filled pauses may insert, each closed by a #3 (KAN-TTS get_fpdict)."""

Progress = Callable[[str], None]


@dataclass
class Conversion:
    """What became of one voice."""

    folder: Path
    parameters: int = 0
    notes: list[str] = field(default_factory=list)


def convert_voice(parts: VoiceParts, output: Path, origin: str, progress: Progress) -> Conversion:
    """Converts one voice into `output`/<name>, replacing an older one only when everything is written."""
    result = Conversion(output / parts.name, notes=list(parts.notes))
    with replacing(result.folder) as folder:
        graphs: dict[str, dict[str, Any]] = {}
        facts: dict[str, Any] = {}
        for graph in voice_graphs(parts, result.notes, facts, progress):
            progress(f"writing {graph.name}.onnx")
            graphs[graph.name] = save(graph, folder)
            result.parameters += graph.parameters
        manifest = describe(parts, facts, origin)
        manifest["files"] = copy_files(parts, folder)
        manifest["graphs"] = graphs
        text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
        (folder / "voice.yaml").write_text(text, encoding="utf-8")
    return result


def voice_graphs(parts: VoiceParts, notes: list[str], facts: dict[str, Any], progress: Progress) -> Iterator[Graph]:
    """The graphs of a voice, one at a time so that one set of weights is in memory at a time."""
    config = parts.am_config["Model"]["KanTtsSAMBERT"]["params"]
    progress(f"reading {parts.am_checkpoint.name}")
    weights = Weights(read_weights(parts.am_checkpoint, "model"), str(parts.am_checkpoint))
    facts["inventory"] = inventory = load_inventory(parts.language)
    rows, facts["specials"] = table_rows(parts, weights, inventory, notes)
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
    generator = parts.voc_config["Model"]["Generator"]["params"]
    weights = Weights(read_weights(parts.voc_checkpoint, "model", "generator"), str(parts.voc_checkpoint))
    graph = hifigan(generator, weights)
    note_unused(weights, notes)
    check_vocoder(parts, config, generator, graph)
    facts["samples_per_frame"], facts["harmonics"] = graph.fact("samples_per_frame"), graph.fact("harmonics") or 0
    yield graph


def speakers_of(parts: VoiceParts) -> list[str]:
    return [name.strip() for name in parts.am_config["linguistic_unit"]["speaker_list"].strip().split(",")]


def table_rows(parts: VoiceParts, weights: Weights, inventory: Inventory, notes: list[str]) -> tuple[dict[str, int], list[str]]:
    """Rows of each embedding table, and the special symbols after the named ones (with `@[MASK]` or without)."""
    config = parts.am_config["Model"]["KanTtsSAMBERT"]["params"]
    encoder = "text_encoder"
    named = {
        "phones": len(inventory.phones),
        "tones": len(inventory.tones),
        "syllable_flags": len(inventory.syllable_flags),
        "word_flags": len(inventory.word_flags),
        "bytes": 256,
        "emotions": len(inventory.emotions),
        "speakers": len(speakers_of(parts)),
    }
    tables = BYTE_TABLE if config.get("using_byte") else TABLES
    paths = {kind: f"{encoder}.{table}.weight" for table, kind in tables.items()} | {"emotions": "emo_tokenizer.weight"}
    if not config.get("SE"):
        paths["speakers"] = "spk_tokenizer.weight"
    rows = {kind: (weights.shape(path) or (named[kind] + 3,))[0] for kind, path in paths.items()}
    extra = {kind: count - named[kind] for kind, count in rows.items()}
    if set(extra.values()) not in ({2}, {3}):
        listed = "\n  ".join(
            f"{paths[kind]} has {count} rows; {named[kind]} {kind} make {named[kind] + 3} with a mask row, "
            f"{named[kind] + 2} without"
            for kind, count in rows.items()
            if extra[kind] not in (2, 3) or extra[kind] != extra["emotions"]
        )
        raise ConvertError(
            f"{parts.am_checkpoint} does not fit the tables of language {inventory.language!r} "
            f"and speaker_list {','.join(speakers_of(parts))!r}:\n  {listed}"
        )
    masked = 3 in extra.values()
    if parts.has_mask is not None and parts.has_mask != masked:
        notes.append(f"configuration.json says has_mask: {str(parts.has_mask).lower()}, the tables say otherwise; tables kept")
    return rows, ["_", "~", "@[MASK]"][: 3 if masked else 2]


def note_unused(weights: Weights, notes: list[str]) -> None:
    unused = weights.settle(TRAINING_ONLY)
    if unused:
        notes.append(f"{len(unused)} weights of {Path(weights.label).name} are not used: {', '.join(unused)}")


def check_vocoder(parts: VoiceParts, acoustic: dict, generator: dict, graph: Graph) -> None:
    """The vocoder must take what the acoustic model gives, at the rate that the package promises."""
    source = 2 if generator.get("nsf_params") else 0
    if acoustic["num_mels"] != generator["in_channels"] + source:
        raise ConvertError(
            f"the acoustic model puts out {acoustic['num_mels']} channels, but the vocoder takes {generator['in_channels']}"
            + (" and F0 and voicing" if source else " and no F0 (no nsf_params)")
        )
    hop = parts.audio_config.get("hop_length")
    if hop != graph.fact("samples_per_frame"):
        raise ConvertError(f"upsample_scales make {graph.fact('samples_per_frame')} samples a frame, hop_length says {hop}")


def describe(parts: VoiceParts, facts: dict[str, Any], origin: str) -> dict[str, Any]:
    """The content of voice.yaml, without the graphs."""
    config = parts.am_config["Model"]["KanTtsSAMBERT"]["params"]
    inventory: Inventory = facts["inventory"]
    reads_bytes = bool(config.get("using_byte"))
    units: dict[str, Any] = {"kind": "bytes" if reads_bytes else "phones"}
    if not reads_bytes:
        for kind in ("phones", "tones", "syllable_flags", "word_flags"):
            units[kind] = list(getattr(inventory, kind))
    units |= {"specials": facts["specials"], "longest": facts["longest"]}
    first = speakers_of(parts)[0]
    return {
        "format": FORMAT,
        "name": parts.name,
        "language": parts.language,
        "sample_rate": parts.sampling_rate,
        "precision": "fp32",
        "speakers": speakers_of(parts),
        "emotions": list(inventory.emotions),
        "units": units,
        "acoustic": {
            "mel_channels": config["num_mels"],
            "frames_per_step": config["outputs_per_step"],
            "f0": f0_scale(parts, config),
            "speaker_embedding": "speaker.npy" if config.get("SE") else None,
            "filled_pauses": [filled_pause(*phones, first) for phones in FILLED_PAUSES] if config.get("FP") else [],
        },
        "vocoder": {"samples_per_frame": facts["samples_per_frame"], "harmonics": facts["harmonics"]},
        "source": {"package": origin, "acoustic": parts.am_checkpoint.name, "vocoder": parts.voc_checkpoint.name},
    }


def filled_pause(initial: str, final: str, speaker: str) -> str:
    """Symbols of one filler."""
    rows = ((initial, "tone5", "s_begin", "word_begin"), (final, "tone5", "s_end", "word_end"), ("#3", "tone_none", "s_none", "word_none"))
    return " ".join("{" + "$".join((*row, "emotion_neutral", speaker)) + "}" for row in rows)


def f0_scale(parts: VoiceParts, config: dict) -> dict[str, Any] | None:
    """How F0 was normalised. Only NSF voices must say so; for the others it makes `pitch` exact where it is known."""
    if config.get("nsf_norm_type", "mean_std") == "global" and config.get("NSF"):
        low, high = config.get("nsf_f0_global_minimum", 30.0), config.get("nsf_f0_global_maximum", 730.0)
        return {"kind": "range", "minimum": float(low), "maximum": float(high)}
    if parts.f0_statistics is None:
        if config.get("NSF"):
            raise ConvertError(f"voice {parts.name} is an NSF voice, which needs mvn.npy (F0 mean and deviation) beside am/config.yaml")
        return None
    statistics = load_array(parts.f0_statistics).ravel()
    if statistics.shape != (2,) or not np.isfinite(statistics).all() or statistics[1] <= 0:
        raise ConvertError(f"{parts.f0_statistics} must hold F0 mean and deviation, shape (2, 1); it holds {statistics.tolist()}")
    return {"kind": "mean_deviation", "mean": float(statistics[0]), "deviation": float(statistics[1])}


def copy_files(parts: VoiceParts, folder: Path) -> dict[str, str]:
    """The files of a voice that are no graphs, with their SHA-256."""
    config = parts.am_config["Model"]["KanTtsSAMBERT"]["params"]
    if not config.get("SE"):
        return {}
    if parts.speaker_embedding is None:
        raise ConvertError(
            f"voice {parts.name} speaks with a speaker embedding, but the package has no se.npy; give one with --se FILE"
        )
    vector = load_array(parts.speaker_embedding).reshape(1, -1)
    if vector.shape[1] != config["speaker_units"]:
        raise ConvertError(f"{parts.speaker_embedding} holds {vector.shape[1]} numbers, this voice takes {config['speaker_units']}")
    np.save(folder / "speaker.npy", vector.astype(np.float32))
    return {"speaker.npy": digest(folder / "speaker.npy")}


def load_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConvertError(f"{path} is not a numpy array: {error}") from None


def save(graph: Graph, folder: Path) -> dict[str, Any]:
    path = folder / f"{graph.name}.onnx"
    path.write_bytes(graph.build().SerializeToString(deterministic=True))
    return {"file": path.name, "sha256": digest(path), "bytes": path.stat().st_size, "parameters": graph.parameters}


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of `folder` when the block ends well, and vanishes when it does not."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise ConvertError(f"cannot write to {folder.parent}: {error.strerror}") from None
    try:
        yield fresh
        fresh.chmod(0o755)
        old = folder.with_name(f".{folder.name}.old")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ConvertError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Removes what a crash left behind; a voice that was being replaced comes back."""
    old = folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():
        old.rename(folder)
    leftovers: Iterable[Path] = [old, *folder.parent.glob(f".{folder.name}.*.partial")]
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)
