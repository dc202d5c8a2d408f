"""Recordings by flite, another system in another language, by the filter of FFmpeg's command line."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product

import numpy as np

from server.references.recording import RATE, Recording
from server.types import Audio

VOICES = ("slt", "rms", "awb", "kal16")
TEMPOS = (0.8, 1.0, 1.3)
TEXT = (
    "The library is closed on Monday, so we will come again tomorrow. "
    "That bridge was built a hundred years ago, and it is still strong."
)


def flite_recordings() -> Iterator[Recording]:
    """Each voice at each tempo; nothing where ffmpeg is missing or has no flite."""
    program = shutil.which("ffmpeg")
    if program is None:
        return
    for voice, tempo in product(VOICES, TEMPOS):
        source = f"flite=text='{TEXT}':voice={voice},atempo={tempo}"
        command = [
            program,
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-ar",
            str(RATE),
            "-ac",
            "1",
            "-f",
            "f32le",
            "-",
        ]
        spoken = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        samples = np.frombuffer(spoken.stdout, np.float32)
        if len(samples):
            digest = hashlib.sha256(spoken.stdout).hexdigest()
            yield Recording(digest, Audio(samples, RATE), "wav", RATE, 1, len(samples) / RATE, begin=0.0)
