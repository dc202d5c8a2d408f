"""Files of clients are decoded in a process of their own, which can do nothing else."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from server.audio.decoding import decoder_process
from server.audio.decoding.answer import AudioFile, UnusableFileError, answer
from server.audio.decoding.decoder_process import decode_audio
from tests.audio.conftest import resampled
from tests.audio.recording_files import FORMATS, RATE, hostile_files, spoken, wav

ROOT = Path(__file__).parents[2]
HOSTILE = hostile_files()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_decoded(name):
    samples = spoken(2, 48000)
    reported, make = FORMATS[name]
    file, audio = decode_audio(make(samples), 60, RATE)
    assert (file.format, file.rate, audio.rate) == (reported, 48000, RATE)
    assert file.channels == (2 if "stereo" in name or name == "flac" else 1)
    assert file.seconds == pytest.approx(2, abs=0.03)
    assert_alike(audio.samples, resampled(samples, 48000, RATE))


def assert_alike(heard, sent):
    """Equal up to a delay of less than 0.03 s, to 15 dB: some encoders are coarse."""
    sent = sent[1000:-1000]
    errors = [np.sum((heard[1000 + delay :][: len(sent)] - sent) ** 2) for delay in range(-500, 500, 1)]
    assert min(errors) < np.sum(sent**2) * 10**-1.5


def test_the_channels_are_averaged_and_nothing_is_clipped():
    left = spoken()
    stereo = np.stack([4 * left, 2 * left], axis=1)
    _, audio = decode_audio(wav(stereo, kind="<f4"), 60, RATE)
    assert np.abs(audio.samples - 3 * left).max() < 0.001
    assert np.abs(audio.samples).max() > 1


def test_the_format_is_what_the_content_says_and_what_follows_the_audio_is_left_out():
    file, audio = decode_audio(FORMATS["mp3"][1](spoken(2, 48000)) + b"TAG" + bytes(125), 60, RATE)
    assert file.format == "mp3"
    assert len(audio.samples) / RATE == pytest.approx(2, abs=0.05)


def test_a_file_may_be_as_long_as_the_limit():
    assert decode_audio(wav(np.zeros(2 * RATE, np.float32)), 2, RATE)[0].seconds == 2
    with pytest.raises(UnusableFileError, match=r"longer than 1\.9 seconds"):
        decode_audio(wav(np.zeros(2 * RATE, np.float32)), 1.9, RATE)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_recording_is_refused_with_the_reason(name):
    data, code = HOSTILE[name]
    with pytest.raises(UnusableFileError) as refusal:
        decode_audio(data, 60, RATE)
    assert refusal.value.code == code
    assert len(str(refusal.value)) < 200


IN_CHILD = """
import os, re, socket, subprocess, sys
import av.subtitles.stream, av.video.stream
from server.audio.decoding.answer import UnusableFileError
from server.audio.decoding import restrictions
from server.audio.decoding.decoder import decode_file
from server.audio.decoding.restrictions import restrict
status = open("/proc/self/status")
"""
"""What the process imports, and a file that shows its memory."""

MEASURE = """
restrictions.CPU_SECONDS = 600  # for all files together
restrict()
for length in map(int, sys.argv[1:]):
    try:
        decode_file(sys.stdin.buffer.read(length), 60, 16000)
    except (UnusableFileError, MemoryError):
        pass
print(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1])
"""


def output_of_child(program, data=b"", *arguments):
    ran = subprocess.run(
        [sys.executable, "-P", "-c", IN_CHILD + program, *arguments],
        input=data, capture_output=True, env={"PYTHONPATH": str(ROOT)}, cwd="/", check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode().strip()


def test_no_file_takes_100_megabytes():
    files = [data for data, _ in HOSTILE.values()]
    files += [wav(np.zeros((25 * 96000, 2), np.float32), 96000, "<f4"), bytes(20 * 2**20)]
    peak = output_of_child(MEASURE, b"".join(files), *(str(len(each)) for each in files))
    assert int(peak) < 100_000_000 / 1024


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("open('/etc/passwd')", "OSError(24, 'Too many open files')"),
        ("socket.socket()", "OSError(24, 'Too many open files')"),
        ("os.pipe()", "OSError(24, 'Too many open files')"),
        ("subprocess.run(['true'])", "OSError(24, 'Too many open files')"),
        ("os.write(1, b'') or bytes(65 * 2**20)", "MemoryError()"),
    ],
)
def test_the_process_can_open_nothing_and_take_no_more_memory(call, result):
    program = f"status.close()\nrestrict()\ntry:\n    {call}\nexcept Exception as error:\n    print(repr(error))"
    assert output_of_child(program) == result


def test_a_file_that_does_not_fit_into_the_memory_of_the_process_is_refused():
    with pytest.raises(UnusableFileError, match="needs too much memory"):
        decode_audio(bytes(80 * 2**20), 60, RATE)


def test_a_process_that_computes_without_an_end_is_ended():
    program = "restrict()\nwhile True: pass"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", IN_CHILD + program],
        capture_output=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ran.returncode == -signal.SIGXCPU


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(decoder_process, "END_SECONDS", 0)
    monkeypatch.setattr(decoder_process, "_send", lambda pipe, data: None)  # it waits for its file
    with pytest.raises(UnusableFileError, match="takes too long to decode"):
        decode_audio(wav(spoken()), 60, RATE)


WHOLE = answer(AudioFile("wav", RATE, 1, 2.0, (1, 2)), bytes(8))


@pytest.mark.parametrize(
    "output",
    [b"", b"{}\n", b"[1]\n", b'{"file": {"format": 1}}\n', b"\xff\x00", WHOLE[:-4], WHOLE + b"\0",
     answer(AudioFile("wav", RATE, 1, 2.0, (1, 2)), bytes(3))],
)  # fmt: skip
def test_a_process_that_crashes_is_reported(monkeypatch, caplog, output):
    monkeypatch.setattr(decoder_process, "_run", lambda *arguments: (output, -11))
    with pytest.raises(UnusableFileError, match="cannot be decoded") as refusal:
        decode_audio(b"", 60, RATE)
    assert refusal.value.code == "unreadable_audio"
    assert "ended with status -11" in caplog.text
