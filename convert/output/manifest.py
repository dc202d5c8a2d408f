"""The content of voice.yaml: what the server must know of a voice besides its graphs."""

from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import ConvertError
from convert.output.inventory import Inventory
from convert.source.config_files import Settings
from convert.source.package import VoiceParts

FORMAT = 2
UNTRAINED = ("english", "erhua")
"""What a phone table may hold that no recording ever taught the voice; no package says so, a person must."""
FILLED_PAUSES = (("ge", "en_c"), ("ga", "a_c"), ("ge", "e_c"))
"""嗯, 啊, 呃: what a voice with filled pauses may insert, each closed by a #3 (KAN-TTS get_fpdict)."""


def describe(parts: VoiceParts, config: Settings, facts: dict[str, Any], origin: str) -> dict[str, Any]:
    """The content of voice.yaml, without the graphs."""
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
    rows = (
        (initial, "tone5", "s_begin", "word_begin"),
        (final, "tone5", "s_end", "word_end"),
        ("#3", "tone_none", "s_none", "word_none"),
    )
    return " ".join("{" + "$".join((*row, "emotion_neutral", speaker)) + "}" for row in rows)


def f0_scale(parts: VoiceParts, config: Settings) -> dict[str, Any] | None:
    """How F0 was normalised. `find_voices` refuses NSF voices without it; for others it makes `pitch` exact."""
    if config.get("nsf_norm_type", "mean_std") == "global" and config.get("NSF"):
        low, high = config.get("nsf_f0_global_minimum", 30.0), config.get("nsf_f0_global_maximum", 730.0)
        return {"kind": "range", "minimum": float(low), "maximum": float(high)}
    if parts.f0_statistics is None:
        return None
    statistics = load_array(parts.f0_statistics).ravel()
    if statistics.shape != (2,) or not np.isfinite(statistics).all() or statistics[1] <= 0:
        raise ConvertError(
            f"{parts.f0_statistics} must hold F0 mean and deviation, shape (2, 1); it holds {statistics.tolist()}"
        )
    return {"kind": "mean_deviation", "mean": float(statistics[0]), "deviation": float(statistics[1])}


def speakers_of(parts: VoiceParts) -> list[str]:
    return [name.strip() for name in parts.am_config["linguistic_unit"]["speaker_list"].strip().split(",")]


def load_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConvertError(f"{path} is not a numpy array: {error}") from None
