"""Packs trained weights in KAN-TTS's layout for `python -m convert`.

`python -m training.voice.publish.package CORPUS ACOUSTIC VOCODER FOLDER`
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor

from training.voice.corpus.speakers import EMOTIONS, SPEAKERS, WORD_EMOTION
from training.voice.models.config import AUDIO_CONFIG, HIFIGAN_CONFIG, SAMBERT_CONFIG
from training.voice.models.vocabulary import BREAK_EMOTION, EMOTION_ROWS, SPEAKER_ROWS
from training.voice.train.dataset import Statistics
from training.voice.train.training_loop import load_checkpoint

PACKAGE_CONFIG = {
    "framework": "pytorch",
    "task": "text-to-speech",
    "model": {
        "type": "sambert-hifigan", "lang_type": "pinyin", "sample_rate": AUDIO_CONFIG["sampling_rate"],
        "am": {"linguistic_unit": {"has_mask": True}},
    },
    "pipeline": {"type": "sambert-hifigan-tts"},
}  # fmt: skip
LINGUISTIC_UNIT = {
    "cleaners": "english_cleaners",
    "lfeat_type_list": "sy,tone,syllable_flag,word_segment,emo_category,speaker_category",
}


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.publish.package", description=__doc__)
    for name in ("corpus", "acoustic", "vocoder", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--name", default="demo", help="name of the voice; default: %(default)s")
    parser.add_argument(
        "--speakers",
        type=_speakers,
        default=",".join(SPEAKERS),
        help=f"the voice's speakers, the default one first, of {', '.join(SPEAKER_ROWS)}; default: %(default)s",
    )
    parser.add_argument(
        "--mel-gain", type=float, default=1.0, help="gain on the vocoder's normalized mels; default: %(default)s"
    )
    arguments = parser.parse_args()
    pack(
        arguments.corpus, arguments.acoustic, arguments.vocoder, arguments.folder, arguments.name, arguments.speakers,
        mel_gain=arguments.mel_gain,
    )  # fmt: skip


def _speakers(value: str) -> list[str]:
    names = value.split(",")
    if len(set(names)) < len(names) or not set(names) <= set(SPEAKER_ROWS):
        raise argparse.ArgumentTypeError(f"{value!r}: list some of {', '.join(SPEAKER_ROWS)}, each once")
    return names


def pack(
    corpus: Path,
    acoustic: Path,
    vocoder: Path,
    folder: Path,
    name: str,
    speakers: Sequence[str],
    embedding: NDArray[np.float32] | None = None,
    mel_gain: float = 1.0,
) -> None:
    """Writes the package. `acoustic` and `vocoder` are training folders, the first of the speakers is the default.

    `embedding` (1, size) is the speaker's, for a voice that takes an embedding instead of a speaker. `mel_gain` is the
    vocoder's on the mels that it gets; above 1 it returns contrast that it takes away.
    """
    voice = folder / "voices" / name
    params = SAMBERT_CONFIG if embedding is None else SAMBERT_CONFIG | {"SE": True}
    sambert: dict[str, Any] = {"model_type": "sambert", "Model": {"KanTtsSAMBERT": {"params": params}}}
    sambert["linguistic_unit"] = LINGUISTIC_UNIT | {"speaker_list": ",".join(speakers)}
    hifigan = {"model_type": "hifigan", "Model": {"Generator": {"params": HIFIGAN_CONFIG}}}
    contents = {
        folder / "configuration.json": PACKAGE_CONFIG,
        folder / "voices" / "voices.json": {"voices": [name]},
        voice / "audio_config.yaml": {"audio_config": AUDIO_CONFIG},
        voice / "am" / "config.yaml": sambert,
        voice / "voc" / "config.yaml": hifigan,
    }
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        is_json = path.suffix == ".json"
        path.write_text(json.dumps(content, indent=1) if is_json else yaml.safe_dump(content, sort_keys=False))
    np.save(voice / "am" / "mvn.npy", np.array([Statistics.read(corpus).f0], np.float32).T)
    saved = load_checkpoint(acoustic)
    weights = _with_neutral_untrained_emotions(saved["model"])
    if embedding is None:
        weights = _with_speaker_order(weights, speakers)
    else:
        del weights["spk_tokenizer.weight"]
        np.save(voice / "am" / "se.npy", embedding)
    _write_checkpoint(voice / "am", weights, saved["steps"])
    saved = load_checkpoint(vocoder)
    _write_checkpoint(voice / "voc", {"generator": with_mel_gain(saved["model"], mel_gain)}, saved["steps"])


def _with_neutral_untrained_emotions(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Gives the rows of untrained emotions the value of neutral. That of single words stays, for the evaluation."""
    table = weights["emo_tokenizer.weight"].clone()
    for name, row in EMOTION_ROWS.items():
        if name not in (BREAK_EMOTION, WORD_EMOTION, *EMOTIONS):
            table[row] = table[EMOTION_ROWS["neutral"]]
    return weights | {"emo_tokenizer.weight": table}


def _with_speaker_order(weights: dict[str, Tensor], speakers: Sequence[str]) -> dict[str, Tensor]:
    table = weights["spk_tokenizer.weight"].clone()
    table[: len(speakers)] = weights["spk_tokenizer.weight"][[SPEAKER_ROWS[speaker] for speaker in speakers]]
    return weights | {"spk_tokenizer.weight": table}


def with_mel_gain(weights: dict[str, Tensor], gain: float) -> dict[str, Tensor]:
    """Returns the weights of a vocoder that multiplies its mels, which are normalized, by a gain."""
    name = "conv_pre.conv1d.weight_g"  # the magnitude in weight normalization
    return weights | {name: weights[name] * gain}


def _write_checkpoint(folder: Path, model: Any, steps: int) -> None:
    (folder / "ckpt").mkdir(parents=True, exist_ok=True)
    for old in (folder / "ckpt").glob("checkpoint_*.pth"):
        old.unlink()
    torch.save({"model": model, "steps": steps}, folder / "ckpt" / f"checkpoint_{steps}.pth")


if __name__ == "__main__":
    main()
