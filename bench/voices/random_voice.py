"""The full-size voice with random weights, converted and cached."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from bench.voices.random_package import STANDARD, Dimensions, write_package
from convert.conversion import convert_voice
from convert.source.package import find_voices

RANDOM_VOICE = "random-16k"
_ROOT = Path(__file__).parents[2]
CACHE = _ROOT / "build/bench/voices"
_GENERATOR_FILES = ("random_package.py", "checkpoint_file.py")


def random_voice_models(variants: tuple[str, ...], cache: Path = CACHE, dimensions: Dimensions = STANDARD) -> Path:
    """Returns the models folder that contains `RANDOM_VOICE`; converts it again if the converter has changed.

    Besides fp32 it has those precisions of `variants` that pass the converter's test.
    """
    sources = [
        *sorted((_ROOT / "convert").rglob("*.py")),
        *(Path(__file__).with_name(name) for name in _GENERATOR_FILES),
    ]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    models = cache / "-".join([digest, *variants])
    if not (models / RANDOM_VOICE / "voice.yaml").is_file():
        for outdated in cache.glob("*"):
            if not outdated.name.startswith(digest):
                shutil.rmtree(outdated)
        with tempfile.TemporaryDirectory() as folder:
            for parts in find_voices(write_package(Path(folder), RANDOM_VOICE, dimensions)):
                convert_voice(parts, models, "random weights", lambda step: None, variants)
    return models
