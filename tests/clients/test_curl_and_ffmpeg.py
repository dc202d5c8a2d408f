"""curl and ffmpeg: files, parts of files, headers, streams that are decoded while they arrive."""

import subprocess
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.clients.conftest import TEXT, requires

FORMATS = ["mp3", "opus", "aac", "flac", "wav", "webm"]
CODECS = {"mp3": "mp3", "opus": "opus", "aac": "aac", "flac": "flac", "wav": "pcm_s16le", "webm": "opus"}


def run(*command: str) -> bytes:
    ran = subprocess.run(command, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


def address(server_url: str, **fields: str) -> str:
    return f"{server_url}/v1/audio/speech?{urlencode({'input': TEXT, **fields})}"


@requires("curl")
def test_curl_posts_and_gets_the_same_speech(server_url: str, tmp_path: Path) -> None:
    body = f'{{"input": "{TEXT}", "voice": "nova", "response_format": "wav", "seed": 1}}'
    options = ["-sSf", "-H", "Content-Type: application/json", "-d", body]
    posted = run("curl", *options, f"{server_url}/v1/audio/speech")
    query = ["-sSf", "-G", "--data-urlencode", f"input={TEXT}", "-d", "voice=nova&response_format=wav&seed=1"]
    assert run("curl", *query, f"{server_url}/v1/audio/speech") == posted
    assert len(posted) > 100_000


@requires("curl")
@pytest.mark.parametrize("name", FORMATS)
def test_the_parts_of_a_file_fit_together(server_url: str, name: str) -> None:
    """Several answers, each computed anew: a player that seeks puts them together."""
    url = address(server_url, response_format=name)
    parts = [run("curl", "-sSf", "-r", part, url) for part in ("0-4999", "5000-9999", "10000-")]
    whole = run("curl", "-sSf", "-r", "-10000000", url)
    assert [len(part) for part in parts[:2]] == [5_000, 5_000]
    assert b"".join(parts) == whole


@requires("curl")
def test_curl_continues_a_download(server_url: str, tmp_path: Path) -> None:
    url, file = address(server_url, response_format="mp3"), tmp_path / "speech.mp3"
    whole = run("curl", "-sSf", "-r", "-10000000", url)
    file.write_bytes(whole[:5000])
    run("curl", "-sSf", "-C", "-", "-o", str(file), url)
    assert file.read_bytes() == whole


@requires("curl")
def test_curl_shows_the_headers(server_url: str) -> None:
    head = run("curl", "-sSf", "-I", address(server_url)).decode()
    assert head.startswith("HTTP/1.1 200")
    assert "Content-Type: audio/mpeg" in head


@requires("curl")
def test_curl_fails_where_the_server_refuses(server_url: str) -> None:
    ran = subprocess.run(["curl", "-sS", "--fail-with-body", address(server_url, voice="nobody")], capture_output=True)
    assert ran.returncode == 22
    assert b"unknown voice 'nobody'" in ran.stdout


@requires("ffprobe")
@pytest.mark.parametrize("name", FORMATS)
def test_ffprobe_knows_the_format(server_url: str, name: str) -> None:
    fields = ["-v", "error", "-show_entries", "stream=codec_name,channels", "-of", "csv=p=0"]
    probed = run("ffprobe", *fields, address(server_url, response_format=name)).decode().strip()
    assert probed == f"{CODECS[name]},1"


@requires("ffmpeg")
@pytest.mark.parametrize("name", FORMATS)
def test_ffmpeg_decodes_the_stream_and_a_part_of_the_file(server_url: str, name: str) -> None:
    url = address(server_url, response_format=name, sample_rate="24000")
    options = ["-f", "s16le", "-ac", "1", "-ar", "24000", "-"]
    streamed = np.frombuffer(run("ffmpeg", "-v", "error", "-i", url, *options), "<i2")
    assert 4.2 < len(streamed) / 24000 < 4.6
    later = run("ffmpeg", "-v", "error", "-seekable", "1", "-ss", "3", "-i", url, *options)
    assert abs(len(later) / 48000 - (len(streamed) / 24000 - 3)) < 0.15
