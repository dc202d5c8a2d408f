"""Publishes a converted voice: smaller weights, a new name, and its origin and evaluation in voice.yaml."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import onnx
import yaml
from onnx import TensorProto

from convert.errors import ConvertError
from convert.output.folder import replacing
from training.voice.corpus.speakers import HUMAN_SPEAKER
from training.voice.publish.weight_storage import STORAGE_FORMATS
from training.voice.recordings.source import ADDRESS, COMMIT, FOLDER, SPEAKER_CREDIT, SPEAKER_LICENSE
from training.voice.recordings.style import SCALE

FLOAT32_GRAPHS = {"float16": {"vocoder", "speaker_encoder"}, "int8": {"speaker_encoder"}}
"""Graphs that stay float32, by storage format. The vocoder's variants in other precisions are made from float32; the
smallest voice goes without them. A speaker encoder is small, and its embeddings are compared."""
ESPEAK_ORIGIN = {
    "origin": "trained by this project (training/voice) on speech synthesized with espeak-ng: clear, and like a robot",
    "license": "free to use, as the output of espeak-ng is; the weights come under the project's license",
}
HUMAN_ORIGIN = {
    "origin": "trained by this project (training/voice): the speaker natural on recordings of words and sentences made "
    "of them, the others on speech synthesized with espeak-ng",
    "license": "CC BY-SA 3.0 US for this folder; its NOTICE gives the credits",
}
NOTICE_FILE = "NOTICE"
NOTICE = f"""The voice in this folder, weights and configuration, is licensed under the Creative Commons
Attribution-ShareAlike 3.0 United States License, https://creativecommons.org/licenses/by-sa/3.0/us/
The program that speaks with it is not part of it, and has its own license.

The speaker "{HUMAN_SPEAKER}" is based on the collection cmn-caen-tan of the project Shtooka: Chinese words, read by
{SPEAKER_CREDIT}, recorded at the University of Caen, published as {SPEAKER_LICENSE}; here from the repository
{ADDRESS} (Hugo Lopez), commit {COMMIT}, folder {FOLDER}.

Modified: the recordings were resampled to {round(100 * SCALE)} % of their pitch and formants, so that the voice is not
that of the reader, filtered, trimmed, cut into phones and combined to sentences with other durations and melodies; a
synthesis model was trained on them. The folder contains no recordings. Neither the reader nor the publishers of the
recordings have endorsed this voice.
"""
STORAGE_NOTES = {
    "float16": "float16, the vocoder float32; the figures are those of the voice before it was stored so",
    "int8": "8 bits a weight; the figures are those of the voice before it was stored so",
}


def read_figures(report: Path) -> str:
    """Returns the error rates of an evaluation as text for voice.yaml.

    `report` is the folder of training.voice.evaluate. Raises `ConvertError` if it has no figures.
    """
    path = report / "figures.json"
    if not path.is_file():
        raise ConvertError(f"{path} is missing; `python -m training.voice.evaluate` writes it")
    summaries = json.loads(path.read_text())
    styles = {name.removeprefix("read "): figures for name, figures in summaries.items() if name.startswith("read ")}

    def listed(figure: str) -> str:
        return ", ".join(f"{style} {figures[figure]:.1f}" for style, figures in styles.items())

    return (
        "wrong syllables in sentences read aloud, by the recipe's speech recognizer, percent: "
        f"{listed('syllable_errors')}; without its knowledge of words: {listed('sound_errors')}; "
        f"wrong tones: {listed('tone_errors')}; wrong English words: {listed('english_errors')}"
    )


def publish(voice: Path, folder: Path, source: Mapping[str, str], storage: str = "float16") -> int:
    """Writes the published voice to `folder` and returns its size in bytes.

    `source` is added to the manifest's `source`, after the origin and license that follow from the speakers; `storage`
    is one of `STORAGE_FORMATS`. The name is that of `folder`. A voice with the human speaker gets a NOTICE.
    Raises `ConvertError` if `voice` is not a converted voice in float32 alone.
    """
    if not (voice / "voice.yaml").is_file():
        raise ConvertError(f"{voice} is not a converted voice: voice.yaml is missing")
    manifest = yaml.safe_load((voice / "voice.yaml").read_text("utf-8"))
    if variants := manifest.get("variants"):
        raise ConvertError(f"{voice} also holds {', '.join(variants)}; convert it again with --precision fp32")
    with replacing(folder.absolute()) as fresh:
        for name, graph in manifest["graphs"].items():
            content = _store(voice / graph["file"], storage if name not in FLOAT32_GRAPHS[storage] else None)
            (fresh / graph["file"]).write_bytes(content)
            graph |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name in manifest["files"]:
            shutil.copy(voice / name, fresh)
        manifest["name"] = folder.absolute().name
        has_human = HUMAN_SPEAKER in manifest["speakers"]
        manifest["source"] |= (HUMAN_ORIGIN if has_human else ESPEAK_ORIGIN) | source
        if has_human:
            (fresh / NOTICE_FILE).write_text(NOTICE, encoding="utf-8")
        text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
        (fresh / "voice.yaml").write_text(text, encoding="utf-8")
        return sum(file.stat().st_size for file in fresh.iterdir())


def _store(path: Path, storage: str | None) -> bytes:
    model = onnx.load(path)
    if any(weight.data_type in (TensorProto.FLOAT16, TensorProto.INT8) for weight in model.graph.initializer):
        raise ConvertError(f"{path} does not have float32 weights; publish the voice that `python -m convert` wrote")
    if storage:
        STORAGE_FORMATS[storage](model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
