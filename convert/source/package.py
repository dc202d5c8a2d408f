"""Finds the parts of the voices in a package: configurations, checkpoints, and what goes with them.

Three layouts are in use: ModelScope's (`voices/<voice>/{am,voc}`), a KAN-TTS training folder (folders with config.yaml
and ckpt/ anywhere below, told apart by `model_type`), and parts that are named one by one. The first is read as one
training folder a voice. Nothing of the checkpoints is read here.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convert.errors import PackageError
from convert.source.config_files import read_json, read_yaml, section
from convert.source.file_index import Tree, look_below
from convert.source.networks import Network, Part, found_part, named_part, unpack_first


@dataclass(frozen=True, slots=True)
class VoiceParts:
    """Everything that one voice is made from."""

    name: str
    """Safe as the name of a folder."""
    am_config: dict[str, Any]
    am_checkpoint: Path
    voc_config: dict[str, Any]
    voc_checkpoint: Path
    audio_config: dict[str, Any]
    """What stands under `audio_config`: sampling_rate (Hz), hop_length (samples), n_mels ..."""
    f0_statistics: Path | None
    """mvn.npy: mean and deviation of F0, Hz."""
    speaker_embedding: Path | None
    """se.npy"""
    speaker_encoder: Path | None
    """se.model"""
    has_mask: bool | None
    """Whether the tables end with `@[MASK]`; None where the package does not say, and the tables' size decides."""
    sampling_rate: int
    """Hz"""
    language: str
    notes: list[str] = field(default_factory=list)
    """What a person should know about the choice."""


def find_voices(
    source: Path,
    *,
    voice: str | None = None,
    am: Path | None = None,
    voc: Path | None = None,
    se: Path | None = None,
    se_model: Path | None = None,
) -> list[VoiceParts]:
    """The voices below `source`, in the package's order; `am`, `voc`, `se` and `se_model` take the place of its own.

    `voice` selects one of several, or renames the only one. Raises `PackageError` when a part is missing or there is
    more than one candidate for it, `voice` is unknown or unsafe, or a configuration cannot be read.
    """
    if voice is not None:
        _check_name(voice)
    if not source.is_dir():
        state = "a file" if source.exists() else "missing"
        raise PackageError(f"{source} is {state}; the folder of a package or of a training is expected")
    if (source / "voices.json").is_file():
        source = source.resolve().parent
    roots = _voice_folders(source) or {voice or _safe_name(source.resolve().name): source}
    if voice is not None:
        if voice not in roots and len(roots) > 1:
            raise PackageError(f"{source} has no voice {voice!r}; it has: {', '.join(roots)}")
        roots = {voice: roots.get(voice) or next(iter(roots.values()))}
    if missing := [root for root in roots.values() if not root.is_dir()]:
        raise PackageError(
            f"{missing[0]} is missing, though voices.json lists it; "
            + (unpack_first(source) or "download the package again, or choose another voice with --voice")
        )
    if len(roots) > 1 and (am or voc or se or se_model):
        raise PackageError(
            f"{source} has several voices: {', '.join(roots)}; say with --voice which one the part is for"
        )
    return [_assemble(name, source, look_below(root), am, voc, se, se_model) for name, root in roots.items()]


def _voice_folders(source: Path) -> dict[str, Path]:
    """The folders of a package in ModelScope's layout by the voice's name; none for another layout."""
    voices = source / "voices"
    if not (voices / "voices.json").is_file():
        folders = sorted(voices.iterdir()) if voices.is_dir() else []
        return {_safe_name(folder.name): folder for folder in folders if (folder / "am").is_dir()}
    names = read_json(voices / "voices.json").get("voices")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise PackageError(f'{voices / "voices.json"} lists no voices; {{"voices": ["a name", ...]}} is expected')
    for name in names:
        _check_name(name)
    return {name: voices / name for name in names}


def _assemble(
    name: str, source: Path, tree: Tree, am: Path | None, voc: Path | None, se: Path | None, se_model: Path | None
) -> VoiceParts:
    acoustic = named_part(am, Network.ACOUSTIC) if am else found_part(tree, Network.ACOUSTIC)
    vocoder = named_part(voc, Network.VOCODER) if voc else found_part(tree, Network.VOCODER)
    unit = acoustic.config.get("linguistic_unit")
    if not isinstance(unit, dict):
        raise PackageError(f"{acoustic.folder / 'config.yaml'} has no section linguistic_unit; the phones stand in it")
    configuration = _configuration(source, tree)
    audio = _audio_config(acoustic, vocoder, tree)
    rate, stated = audio["sampling_rate"], section(configuration, "model", "sample_rate")
    encoder = _existing(se_model, "--se-model") or tree.beside(acoustic.folder, "se.model", "--se-model")
    notes = []
    if stated not in (None, rate):
        notes.append(f"configuration.json says {stated} Hz; the voice was trained with {rate} Hz, which counts")
    if encoder is None and tree.named("se.onnx"):
        notes.append("there is only se.onnx, no se.model: embeddings of new speakers cannot be made with this package")
    if tree.is_base(acoustic.folder):
        notes.append("the acoustic model is the pre-trained one, not fine-tuned to a speaker")
    return VoiceParts(
        name=name,
        am_config=acoustic.config,
        am_checkpoint=acoustic.checkpoint,
        voc_config=vocoder.config,
        voc_checkpoint=vocoder.checkpoint,
        audio_config=audio,
        f0_statistics=_f0_statistics(acoustic, tree),
        speaker_embedding=_existing(se, "--se") or _speaker_embedding(acoustic, tree, encoder),
        speaker_encoder=encoder,
        has_mask=_has_mask(configuration, unit),
        sampling_rate=rate,
        language=str(unit.get("language") or "PinYin"),
        notes=notes,
    )


def _f0_statistics(acoustic: Part, tree: Tree) -> Path | None:
    file = tree.beside(acoustic.folder, "mvn.npy", "--am", of_base=False)
    params = acoustic.config["Model"]["KanTtsSAMBERT"]["params"]
    if file is None and params.get("NSF") and params.get("nsf_norm_type", "mean_std") == "mean_std":
        raise PackageError(
            f"{acoustic.folder / 'mvn.npy'} is missing; this voice needs the mean and deviation of its F0 from it"
        )
    return file


def _made_from_recording(encoder: Path | None) -> str:
    """How a person gets an embedding that is missing, where there is an encoder."""
    if encoder is None:
        return ""
    return (
        f"; or make one: `python -m convert --se-model {encoder}`, then "
        "`python -m server embed RECORDING.wav -o se.npy`, then this again with `--se se.npy`"
    )


def _speaker_embedding(acoustic: Part, tree: Tree, encoder: Path | None) -> Path | None:
    file = tree.beside(acoustic.folder, "se.npy", "--se", of_base=False)
    if file is None and acoustic.config["Model"]["KanTtsSAMBERT"]["params"].get("SE"):
        raise PackageError(
            f"{acoustic.folder / 'se.npy'} is missing, and there is no other se.npy in {tree.root}; this voice speaks "
            f"with a speaker embedding: name its file with --se{_made_from_recording(encoder)}"
        )
    return file


def _existing(path: Path | None, option: str) -> Path | None:
    if path is not None and not path.is_file():
        raise PackageError(f"{option}: {path} is missing")
    return path


def _audio_config(acoustic: Part, vocoder: Part, tree: Tree) -> dict[str, Any]:
    """What the model was trained with: from its own config.yaml, the file near it, or the vocoder's config.yaml."""
    near = [acoustic.folder / "audio_config.yaml", acoustic.folder.parent / "audio_config.yaml"]
    known = [file for file in tree.named("audio_config.yaml") if not tree.is_base(file)]
    beside = [file for file in tree.named("audio_config.yaml") if file.parent == acoustic.folder.parent]
    files = [file for file in near if file.is_file()] or beside or known or tree.named("audio_config.yaml")
    places = [(acoustic.folder / "config.yaml", acoustic.config)]
    places += [(file, read_yaml(file)) for file in files[:1]]
    places.append((vocoder.folder / "config.yaml", vocoder.config))
    file, audio = next(
        ((file, found) for file, content in places if (found := content.get("audio_config"))), (None, None)
    )
    if file is None:
        raise PackageError(
            f"{near[1]} is missing, and no config.yaml has an audio_config; the voice's sampling rate and frame shift "
            "stand in it"
        )
    rate = section(audio, "sampling_rate")
    if not isinstance(audio, dict) or not isinstance(rate, int) or rate <= 0:
        raise PackageError(f"{file}: audio_config.sampling_rate is {rate!r}; a whole number of Hz is expected")
    return audio


def _configuration(source: Path, tree: Tree) -> dict[str, Any]:
    """configuration.json of the package, of the one that a training started from, or of that around one voice."""
    places = [tree.root, source, source / "orig_model"]
    if source.resolve().parent.name == "voices":
        places.append(source.resolve().parent.parent)
    files = [place / "configuration.json" for place in places]
    return next((read_json(file) for file in files if file.is_file()), {})


def _has_mask(configuration: dict[str, Any], unit: dict[str, Any]) -> bool | None:
    stated = section(configuration, "model", "am", "linguistic_unit", "has_mask")
    stated = unit.get("has_mask") if stated is None else stated
    if stated is not None and not isinstance(stated, bool):
        raise PackageError(f"has_mask of the linguistic unit is {stated!r}; true or false is expected")
    return stated


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip() or name.startswith(".") or len(name) > 100 or not name.isprintable():
        raise PackageError(f"a voice cannot be called {name!r}; its name becomes a folder: letters, digits, _ and - do")
    if any(sign in name for sign in '/\\:*?"<>|'):
        raise PackageError(
            f"a voice cannot be called {name!r}; its name becomes a folder, and that cannot hold / or \\ : *"
        )


def _safe_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._-") or "voice"
