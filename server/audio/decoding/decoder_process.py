"""The process that decodes, as the server sees it."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

import server
from server.audio.decoding.answer import AudioFile, UnusableFileError, read_answer
from server.audio.decoding.decoder import SAMPLE_BYTES
from server.types import Audio, Floats

_log = logging.getLogger(__name__)

PROCESSES = 4
"""At a time; further files wait."""
END_SECONDS = 10.0
"""After which the process is killed. Its own limit counts only what it computes."""
MAX_AMPLITUDE = 8.0
"""Of samples, 18 dB above full scale."""
_HEADER_BYTES = 4096

_places = threading.BoundedSemaphore(PROCESSES)


def decode_audio(data: bytes, max_seconds: float, rate: int) -> tuple[AudioFile, Audio]:
    """Decodes an audio file of a client in a process of its own; returns its properties, and mono audio at `rate` Hz.

    Blocks, for about 0.15 s and the time to decode. Raises `UnusableFileError` for everything that is no audio file of
    at most `max_seconds`.
    """
    with _places:
        output, status = _run(data, max_seconds, rate)
    try:
        file, content = read_answer(output)
        samples = np.frombuffer(content, "<f4")
    except ValueError:
        raise _failure(status) from None
    return file, Audio(_finite(samples), rate)


def _run(data: bytes, max_seconds: float, rate: int) -> tuple[bytes, int]:
    """What the process answers, and its exit status."""
    most = round(max_seconds * rate + 1) * SAMPLE_BYTES + _HEADER_BYTES
    command = [sys.executable, "-P", "-m", "server.audio.decoding", str(max_seconds), str(rate)]
    process = subprocess.Popen(  # noqa: S603  this program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(), cwd="/"
    )
    with process, _killed_in_the_end(process):
        assert process.stdin
        assert process.stdout
        _send(process.stdin, data)
        output = process.stdout.read(most)
    return output, process.returncode


def _environment() -> dict[str, str]:
    """What Python needs, and none of the secrets."""
    root = str(Path(server.__file__).parents[1])
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PYTHONHOME") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


@contextmanager
def _killed_in_the_end(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    timer = threading.Timer(END_SECONDS, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        process.kill()


def _send(pipe: IO[bytes], data: bytes) -> None:
    with suppress(BrokenPipeError):  # it has ended before it has read all
        pipe.write(data)
        pipe.close()


def _failure(status: int) -> UnusableFileError:
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        return UnusableFileError("the recording takes too long to decode", "unreadable_audio")
    _log.warning("the process that decodes a recording ended with status %d", status)
    return UnusableFileError("the recording cannot be decoded", "unreadable_audio")


def _finite(samples: Floats) -> Floats:
    if len(samples) and not np.abs(samples).max() <= MAX_AMPLITUDE:  # NaN fails too
        raise UnusableFileError(
            "the recording has samples that are no numbers, or far above full scale", "unreadable_audio"
        )
    return samples
