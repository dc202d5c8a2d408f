"""Packs a voice as KAN-TTS does, for `python -m convert`:

`python -m training.voice.package CORPUS ACOUSTIC VOCODER FOLDER`
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from training.voice.dataset import Statistics
from training.voice.settings import ACOUSTIC, AUDIO, VOCODER
from training.voice.speakers import SPEAKERS
from training.voice.vocabulary import EMOTION_ROWS, SPEAKER_ROWS, TAUGHT

CONFIGURATION = {
    "framework": "pytorch",
    "task": "text-to-speech",
    "model": {
        "type": "sambert-hifigan", "lang_type": "pinyin", "sample_rate": AUDIO["sampling_rate"],
        "am": {"linguistic_unit": {"has_mask": True}},
    },
    "pipeline": {"type": "sambert-hifigan-tts"},
}  # fmt: skip
LINGUISTIC_UNIT = {
    "cleaners": "english_cleaners",
    "lfeat_type_list": "sy,tone,syllable_flag,word_segment,emo_category,speaker_category",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.package", description=__doc__)
    for name in ("corpus", "acoustic", "vocoder", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--name", default="demo")
    parser.add_argument("--first", choices=list(SPEAKERS), default=next(iter(SPEAKERS)), help="who speaks by default")
    arguments = parser.parse_args()
    pack(arguments.corpus, arguments.acoustic, arguments.vocoder, arguments.folder, arguments.name, arguments.first)


def pack(corpus: Path, acoustic: Path, vocoder: Path, folder: Path, name: str, first: str) -> None:
    """`acoustic` and `vocoder` are the folders of two courses; the speaker `first` is the default."""
    speakers = sorted(SPEAKERS, key=lambda speaker: speaker != first)
    voice = folder / "voices" / name
    _json(folder / "configuration.json", CONFIGURATION)
    _json(folder / "voices" / "voices.json", {"voices": [name]})
    _yaml(voice / "audio_config.yaml", {"audio_config": AUDIO})
    sambert = {"model_type": "sambert", "Model": {"KanTtsSAMBERT": {"params": ACOUSTIC}}}
    unit = LINGUISTIC_UNIT | {"speaker_list": ",".join(speakers)}
    _yaml(voice / "am" / "config.yaml", sambert | {"linguistic_unit": unit})
    _yaml(voice / "voc" / "config.yaml", {"model_type": "hifigan", "Model": {"Generator": {"params": VOCODER}}})
    np.save(voice / "am" / "mvn.npy", np.array([Statistics.read(corpus).f0], np.float32).T)
    saved = _latest(acoustic)
    _checkpoint(voice / "am", _ordered(_neutral_where_untaught(saved["model"]), speakers), saved["steps"])
    saved = _latest(vocoder)
    _checkpoint(voice / "voc", {"generator": saved["model"]}, saved["steps"])


def _neutral_where_untaught(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    emotions = weights["emo_tokenizer.weight"].clone()
    for name, row in EMOTION_ROWS.items():
        if name not in TAUGHT:
            emotions[row] = emotions[EMOTION_ROWS["neutral"]]
    return weights | {"emo_tokenizer.weight": emotions}


def _ordered(weights: dict[str, Tensor], speakers: list[str]) -> dict[str, Tensor]:
    table = weights["spk_tokenizer.weight"].clone()
    table[: len(speakers)] = weights["spk_tokenizer.weight"][[SPEAKER_ROWS[speaker] for speaker in speakers]]
    return weights | {"spk_tokenizer.weight": table}


def _latest(course: Path) -> dict[str, Any]:
    return torch.load(course / "latest.pth", weights_only=True, map_location="cpu")


def _checkpoint(folder: Path, model: Any, steps: int) -> None:
    (folder / "ckpt").mkdir(parents=True, exist_ok=True)
    for old in (folder / "ckpt").glob("checkpoint_*.pth"):
        old.unlink()
    torch.save({"model": model, "steps": steps}, folder / "ckpt" / f"checkpoint_{steps}.pth")


def _json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))


def _yaml(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


if __name__ == "__main__":
    main()
