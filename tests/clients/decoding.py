"""Decodes what clients receive, by the ffmpeg program."""

import subprocess

import numpy as np

from server.types import Floats


def decoded(data: bytes, name: str, rate: int = 16000) -> Floats:
    """The samples of an encoded stream at a sampling rate, by ffmpeg."""
    source = ["-f", "s16le", "-ar", str(rate), "-ac", "1"] if name == "pcm" else []
    command = ["ffmpeg", "-v", "error", *source, "-i", "-", "-f", "f32le", "-ac", "1", "-ar", str(rate), "-"]
    ran = subprocess.run(command, input=data, capture_output=True, check=True)
    assert not ran.stderr, ran.stderr
    return np.frombuffer(ran.stdout, np.float32)
