"""Builds and writes voice.yaml, whose schema is `server.voices.manifest`."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import yaml
from numpy.typing import NDArray

from convert.errors import ConvertError
from convert.models.text_encoder import TABLES
from convert.output.inventory import Inventory
from convert.source.config_files import Settings
from convert.source.package import VoiceSource
from server.voices.manifest import FORMAT, Acoustic, F0Scale, Manifest, MeanDeviation, Range, UnitInventory

UNTRAINED: tuple[str, ...] = get_args(get_args(Manifest.model_fields["untrained"].annotation)[0])
"""Units that a phone table may contain although no recording of the training did; packages do not declare it."""
FILLED_PAUSES = (("ge", "en_c"), ("ga", "a_c"), ("ge", "e_c"))
"""嗯, 啊, 呃: the sounds that a voice with filled pauses may insert, each followed by #3 (KAN-TTS get_fpdict)."""
_KEY_ORDER = (
    *("format", "name", "language", "sample_rate", "precision", "speakers", "emotions", "units", "acoustic", "vocoder"),
    *("source", "untrained", "trained_emotions", "files", "graphs", "variants"),
)
"""In voice.yaml: what people read first; graphs last."""


def build_manifest(source: VoiceSource, config: Settings, package: str, **sections: Any) -> Manifest:
    """The content of voice.yaml; `package` is the name of the source, `sections` are the remaining fields."""
    speakers = speakers_of(source)
    return Manifest(
        format=FORMAT,
        name=source.name,
        language=source.language,
        sample_rate=source.sampling_rate,
        precision="fp32",
        speakers=speakers,
        acoustic=Acoustic(
            mel_channels=config["num_mels"],
            frames_per_step=config["outputs_per_step"],
            f0=f0_scale(source, config),
            speaker_embedding="speaker.npy" if config.get("SE") else None,
            filled_pauses=tuple(filled_pause(*pair, speakers[0]) for pair in FILLED_PAUSES) if config.get("FP") else (),
        ),
        source={
            "package": package,
            "acoustic": source.acoustic.checkpoint.name,
            "vocoder": source.vocoder.checkpoint.name,
        },
        **sections,
    )


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes voice.yaml, without the fields that were left out."""
    content = manifest.model_dump(mode="json", exclude_unset=True)
    ordered = {key: content[key] for key in (*_KEY_ORDER, *content) if key in content}
    text = yaml.safe_dump(ordered, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    (folder / "voice.yaml").write_text(text, encoding="utf-8")


def filled_pause(initial: str, final: str, speaker: str) -> str:
    """The symbols of one filled pause."""
    rows = (
        (initial, "tone5", "s_begin", "word_begin"),
        (final, "tone5", "s_end", "word_end"),
        ("#3", "tone_none", "s_none", "word_none"),
    )
    return " ".join("{" + "$".join((*row, "emotion_neutral", speaker)) + "}" for row in rows)


def f0_scale(source: VoiceSource, config: Settings) -> F0Scale | None:
    """The normalization of F0 in training; None if unknown. `find_voices` refuses NSF voices without it."""
    if config.get("nsf_norm_type", "mean_std") == "global" and config.get("NSF"):
        low, high = config.get("nsf_f0_global_minimum", 30.0), config.get("nsf_f0_global_maximum", 730.0)
        return Range(kind="range", minimum=float(low), maximum=float(high))
    if source.f0_statistics is None:
        return None
    statistics = load_array(source.f0_statistics).ravel()
    if statistics.shape != (2,) or not np.isfinite(statistics).all() or statistics[1] <= 0:
        raise ConvertError(
            f"{source.f0_statistics} must hold F0 mean and deviation, shape (2, 1); it holds {statistics.tolist()}"
        )
    return MeanDeviation(kind="mean_deviation", mean=float(statistics[0]), deviation=float(statistics[1]))


def speakers_of(source: VoiceSource) -> tuple[str, ...]:
    """The names in speaker_list, in the order of the table."""
    return tuple(name.strip() for name in source.acoustic.config["linguistic_unit"]["speaker_list"].strip().split(","))


def load_array(path: Path) -> NDArray[Any]:
    """The array in a .npy file. Raises `ConvertError`."""
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConvertError(f"{path} is not a numpy array: {error}") from None
    return array


def unit_inventory(config: Settings, inventory: Inventory, specials: tuple[str, ...], longest: int) -> UnitInventory:
    """The units of the voice: bytes, or the phones of its language."""
    if config.get("using_byte"):
        return UnitInventory(kind="bytes", specials=specials, longest=longest)
    tables = {name: getattr(inventory, name) for name in TABLES.values()}
    return UnitInventory(kind="phones", specials=specials, longest=longest, **tables)
