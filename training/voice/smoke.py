"""The whole recipe for a few steps: `python -m training.voice.smoke FOLDER`; what it makes is no voice to listen to."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

SENTENCE = "你好，今天天气怎么样？"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.voice.smoke", description=__doc__)
    parser.add_argument("folder", type=Path)
    run(parser.parse_args().folder)


def run(folder: Path) -> Path:
    """Corpus, training, listener, package, voice folder, report, published voice, speech; returns the WAV file."""
    corpus, acoustic, vocoder, listener = (folder / part for part in ("corpus", "acoustic", "vocoder", "listener"))
    recipe = "training.voice"
    _python(f"{recipe}.corpus", corpus, "--utterances", 44, "--held-out-every", 2)
    _python(f"{recipe}.acoustic", corpus, acoustic, "--steps", 4, "--save-every", 2)
    _python(f"{recipe}.vocoder", corpus, vocoder, "--steps", 4, "--save-every", 4)
    _python(f"{recipe}.listener", corpus, listener, "--steps", 4, "--save-every", 4)
    _python(f"{recipe}.package", corpus, acoustic, vocoder, folder / "package")
    _python("convert", folder / "package", "--output", folder / "float32", "--precision", "fp32")
    voice = folder / "float32" / "demo"
    _python(f"{recipe}.evaluate", corpus, voice, listener, folder / "report", "--recordings", 2, "--sentences", 1)
    _python(f"{recipe}.publish", voice, folder / "report", folder / "models" / "demo")
    _python(f"{recipe}.publish", voice, folder / "report", folder / "models" / "demo-small", "--storage", "bytes")
    spoken = folder / "spoken.wav"
    _python("server", "speak", SENTENCE, "--models", folder / "models", "-o", spoken)
    return spoken


def _python(module: str, *arguments: object) -> None:
    since = time.monotonic()
    print(f"== python -m {module} {' '.join(map(str, arguments))}", flush=True)
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)
    print(f"== {time.monotonic() - since:.0f} s", flush=True)


if __name__ == "__main__":
    main()
