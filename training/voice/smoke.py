"""Runs the whole recipe for a few steps: `python -m training.voice.smoke FOLDER`. The voice is not intelligible."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from training.voice.corpus.speakers import EMOTIONS

SENTENCE = "你好，今天天气怎么样？"


def main() -> None:
    """Runs every step, from the corpus to speech of the published voice."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.smoke", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    corpus, acoustic, vocoder, recognizer = (folder / part for part in ("corpus", "acoustic", "vocoder", "recognizer"))
    recipe, emotions = "training.voice", ",".join(EMOTIONS)
    voice, report, models = folder / "float32" / "demo", folder / "report", folder / "models"
    _run_module(f"{recipe}.corpus", corpus, "--utterances", 44, "--held-out-every", 2)
    _run_module(f"{recipe}.train.acoustic", corpus, acoustic, "--steps", 4, "--save-every", 2)
    _run_module(f"{recipe}.train.vocoder", corpus, vocoder, "--steps", 4, "--save-every", 4)
    _run_module(f"{recipe}.train.recognizer", corpus, recognizer, "--steps", 4, "--save-every", 4)
    _run_module(f"{recipe}.publish.package", corpus, acoustic, vocoder, folder / "package")
    _run_module("convert", folder / "package", "--output", voice.parent, "--precision", "fp32", "--emotions", emotions)
    _run_module(f"{recipe}.evaluate", corpus, voice, recognizer, report, "--recordings", 2, "--sentences", 1)
    _run_module(f"{recipe}.publish", voice, report, models / "demo")
    _run_module(f"{recipe}.publish", voice, report, models / "demo-small", "--storage", "int8")
    _run_module("server", "speak", SENTENCE, "--models", models, "-o", folder / "speech.wav")


def _run_module(module: str, *arguments: object) -> None:
    since = time.monotonic()
    print(f"== python -m {module} {' '.join(map(str, arguments))}", flush=True)
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)  # noqa: S603
    print(f"== {time.monotonic() - since:.0f} s", flush=True)


if __name__ == "__main__":
    main()
