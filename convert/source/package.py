"""Finds the components of the voices in a package: configurations, checkpoints, embeddings, training lists.

Three layouts are supported: ModelScope's (`voices/<voice>/{am,voc}`), a KAN-TTS training folder (folders with
config.yaml and ckpt/ at any depth, distinguished by `model_type`), and components given one by one. A voice in
ModelScope's layout is searched like a training folder. Checkpoints are not read here.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.errors import PackageError
from convert.source.config_files import read_json, read_yaml, section
from convert.source.file_index import AUDIO_CONFIG, TRAINING_LISTS, FileIndex, index_files
from convert.source.networks import Network, NetworkKind, find_network, network_at, unpack_hint


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """The files and settings that one voice is converted from."""

    name: str
    """A safe folder name."""
    acoustic: Network
    vocoder: Network
    audio_config: dict[str, Any]
    """The section `audio_config`: sampling_rate (Hz), hop_length (samples), n_mels ..."""
    f0_statistics: Path | None
    """mvn.npy: mean and standard deviation of F0, Hz."""
    speaker_embedding: Path | None
    """se.npy"""
    speaker_encoder: Path | None
    """se.model"""
    training_lists: tuple[Path, ...]
    """The KAN-TTS training lists of the acoustic model; empty in a package without training data."""
    has_mask: bool | None
    """Whether the embedding tables end with `@[MASK]`; None if the package does not declare it: their sizes decide."""
    sampling_rate: int
    """Hz"""
    language: str
    notes: tuple[str, ...] = ()
    """Messages for the user about doubtful choices."""


def find_voices(
    source: Path,
    *,
    voice: str | None = None,
    am: Path | None = None,
    voc: Path | None = None,
    se: Path | None = None,
    se_model: Path | None = None,
) -> list[VoiceSource]:
    """The voices below `source`, in the package's order; `am`, `voc`, `se` and `se_model` replace its own components.

    `voice` selects one of several voices, or renames the only one. Raises `PackageError` if a component is missing or
    has several candidates, `voice` is unknown or no safe folder name, or a configuration cannot be read.
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
            + (unpack_hint(source) or "download the package again, or choose another voice with --voice")
        )
    if len(roots) > 1 and (am or voc or se or se_model):
        raise PackageError(f"{source} has several voices: {', '.join(roots)}; select one with --voice")
    return [_assemble(name, source, index_files(root), am, voc, se, se_model) for name, root in roots.items()]


def _voice_folders(source: Path) -> dict[str, Path]:
    """Voice name -> folder in ModelScope's layout; empty for another layout."""
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
    name: str, source: Path, index: FileIndex, am: Path | None, voc: Path | None, se: Path | None, se_model: Path | None
) -> VoiceSource:
    acoustic = network_at(am, NetworkKind.ACOUSTIC) if am else find_network(index, NetworkKind.ACOUSTIC)
    vocoder = network_at(voc, NetworkKind.VOCODER) if voc else find_network(index, NetworkKind.VOCODER)
    unit = acoustic.config.get("linguistic_unit")
    if not isinstance(unit, dict):
        raise PackageError(f"{acoustic.folder / 'config.yaml'} has no section linguistic_unit; it defines the phones")
    configuration = _configuration(source, index)
    audio = _audio_config(acoustic, vocoder, index)
    rate, stated = audio["sampling_rate"], section(configuration, "model", "sample_rate")
    encoder = _existing(se_model, "--se-model") or index.companion(acoustic.folder, "se.model", "--se-model")
    notes = []
    if stated not in (None, rate):
        notes.append(f"configuration.json declares {stated} Hz; the {rate} Hz of the training are used")
    if encoder is None and index.paths("se.onnx"):
        notes.append("there is only se.onnx, no se.model: this package cannot make embeddings of new speakers")
    if index.in_base_model(acoustic.folder):
        notes.append("the acoustic model is the pre-trained one, not fine-tuned to a speaker")
    return VoiceSource(
        name=name,
        acoustic=acoustic,
        vocoder=vocoder,
        audio_config=audio,
        f0_statistics=_f0_statistics(acoustic, index),
        speaker_embedding=_existing(se, "--se") or _speaker_embedding(acoustic, index, encoder),
        speaker_encoder=encoder,
        training_lists=_training_lists(acoustic, index),
        has_mask=_has_mask(configuration, unit),
        sampling_rate=rate,
        language=str(unit.get("language") or "PinYin"),
        notes=tuple(notes),
    )


def _f0_statistics(acoustic: Network, index: FileIndex) -> Path | None:
    file = index.companion(acoustic.folder, "mvn.npy", "--am", base_fallback=False)
    params = acoustic.config["Model"]["KanTtsSAMBERT"]["params"]
    if file is None and params.get("NSF") and params.get("nsf_norm_type", "mean_std") == "mean_std":
        raise PackageError(
            f"{acoustic.folder / 'mvn.npy'} is missing; this voice needs the mean and deviation of its F0 from it"
        )
    return file


def _training_lists(acoustic: Network, index: FileIndex) -> tuple[Path, ...]:
    """The lists of the base model for the base model, else the others."""
    if not acoustic.folder.resolve().is_relative_to(index.root.resolve()):
        return ()  # an acoustic model from elsewhere (--am), trained with other data
    base = index.in_base_model(acoustic.folder)
    paths = (path for name in TRAINING_LISTS for path in index.paths(name))
    return tuple(path for path in paths if index.in_base_model(path) == base)


def _embedding_hint(encoder: Path | None) -> str:
    """How to compute a missing embedding with the encoder; empty without an encoder."""
    if encoder is None:
        return ""
    return (
        f"; or compute one: `python -m convert --se-model {encoder}`, then "
        "`python -m server embed RECORDING.wav -o se.npy`, then this command again with `--se se.npy`"
    )


def _speaker_embedding(acoustic: Network, index: FileIndex, encoder: Path | None) -> Path | None:
    file = index.companion(acoustic.folder, "se.npy", "--se", base_fallback=False)
    if file is None and acoustic.config["Model"]["KanTtsSAMBERT"]["params"].get("SE"):
        raise PackageError(
            f"{acoustic.folder / 'se.npy'} is missing, and there is no other se.npy in {index.root}; this voice "
            f"needs a speaker embedding: give its file with --se{_embedding_hint(encoder)}"
        )
    return file


def _existing(path: Path | None, option: str) -> Path | None:
    if path is not None and not path.is_file():
        raise PackageError(f"{option}: {path} is missing")
    return path


def _audio_config(acoustic: Network, vocoder: Network, index: FileIndex) -> dict[str, Any]:
    """The audio settings of the training: in the acoustic model's config.yaml, a file near it, or the vocoder's."""
    candidates = [(acoustic.folder / "config.yaml", acoustic.config)]
    candidates += [(file, read_yaml(file)) for file in _audio_config_files(acoustic.folder, index)[:1]]
    candidates.append((vocoder.folder / "config.yaml", vocoder.config))
    found = [(file, audio) for file, content in candidates if (audio := content.get("audio_config"))]
    if not found:
        raise PackageError(
            f"{acoustic.folder.parent / AUDIO_CONFIG} is missing, and no config.yaml has an audio_config; it defines "
            "the voice's sampling rate and frame shift"
        )
    file, audio = found[0]
    rate = section(audio, "sampling_rate")
    if not isinstance(audio, dict) or not isinstance(rate, int) or rate <= 0:
        raise PackageError(f"{file}: audio_config.sampling_rate is {rate!r}; a whole number of Hz is expected")
    return audio


def _audio_config_files(folder: Path, index: FileIndex) -> list[Path]:
    """The files of the first place that has any: `folder`, its parent, the index without the base model, the index."""
    near = [file for file in (folder / AUDIO_CONFIG, folder.parent / AUDIO_CONFIG) if file.is_file()]
    beside = [file for file in index.paths(AUDIO_CONFIG) if file.parent == folder.parent]
    return near or beside or index.own_paths(AUDIO_CONFIG, folder)


def _configuration(source: Path, index: FileIndex) -> dict[str, Any]:
    """configuration.json of the package, of the package that a training started from, or of the package of a voice."""
    places = [index.root, source, source / "orig_model"]
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
        raise PackageError(
            f"a voice cannot be called {name!r}: it is used as a folder name; use letters, digits, _ and -"
        )
    if any(sign in name for sign in '/\\:*?"<>|'):
        raise PackageError(
            f"a voice cannot be called {name!r}: it is used as a folder name, which must not contain / \\ : *"
        )


def _safe_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._-") or "voice"
