"""SIGKILL and SIGTERM in every phase of a real process: nothing is half written, and the next one goes on."""

import http.client
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from server.access.key_file import KeyFile
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN

ROOT = EMBEDDED.parents[1]
TEXTS = [f"第{number}条。" for number in range(8)]
LONG = "今天天气很好，我们一起去公园散步。" * 12


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_while_voices_load(start, number):
    server = start()
    while not server.status("/health"):
        assert server.process.poll() is None
    code = server.kill(number)
    assert code == (0 if number == signal.SIGTERM else -number)
    assert "Traceback" not in server.log
    assert not (server.folder / "data").exists()


def test_while_texts_are_prepared(start):
    server = start(cache={"warm": [LONG + text for text in TEXTS]})
    server.when_ready()
    assert server.kill(signal.SIGTERM) == 0
    assert "Traceback" not in server.log


def test_while_audio_is_sent_a_kill_is_no_complete_answer(start):
    """The pauses are longer than what the sockets hold: however late the kill comes, the answer is not complete."""
    server = start().when_ready()
    text = LONG + "[pause:60s]" * 4
    body = json.dumps({"input": text, "response_format": "pcm", "sample_rate": 48000})
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            answer.read(1000)
            server.kill()
            with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
                answer.read()


def test_while_the_cache_is_written_a_kill_leaves_whole_entries(start):
    cache = {"memory_mb": 0, "disk_mb": 10}
    with start(cache=cache) as server:
        server.when_ready()
        expected = {text: server.speak(text, seed=1) for text in TEXTS}
        server.kill()  # the last ones are being written
    with start(cache=cache) as server:
        server.when_ready()
        assert {text: server.speak(text, seed=1) for text in TEXTS} == expected
        assert "damaged" not in server.log


def test_while_a_job_runs_a_stop_is_clean_and_the_next_server_ends_it(start):
    lines = [LONG[:34] + text for text in TEXTS]
    with start() as server:
        server.when_ready()
        _, body = server.request("/v1/audio/jobs", {"lines": lines, "response_format": "wav", "seed": 1})
        job = json.loads(body)["id"]
        while not job_of(server, job)["progress"]["parts_done"]:
            time.sleep(0.02)
        assert server.kill(signal.SIGTERM) == 0
        assert "Traceback" not in server.log
    with start() as server:
        server.when_ready()
        while (state := job_of(server, job))["ended_at"] is None:
            time.sleep(0.05)
        assert (state["state"], state["progress"]["parts_done"]) == ("done", len(lines))
        assert server.request(f"/v1/audio/jobs/{job}/result")[0] == 200


def job_of(server, job: str) -> dict:
    return json.loads(server.request(f"/v1/audio/jobs/{job}")[1])


def test_while_keys_are_written_a_kill_loses_none(tmp_path):
    """Each attempt is killed at another moment while the key is written, or shortly after it."""
    config = tmp_path / "config.yaml"
    config.write_text("{}")
    moments = random.Random(1)
    printed: list[str] = []
    for number in range(12):
        name = f"key{number}"
        command = [sys.executable, "-m", "server", "keys", "add", name, "--config", str(config)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        file = tmp_path / "data" / "keys.yaml"
        before = file.stat().st_mtime_ns if file.exists() else 0
        while process.poll() is None and not list(tmp_path.glob("data/.*")) and changed(file) == before:
            time.sleep(0.0002)
        time.sleep(moments.uniform(0, 0.003))
        process.kill()
        out, _ = process.communicate()
        printed += [name] if out.endswith(b"\n") else []
        kept = [key.name for key in KeyFile(tmp_path / "data").read()] if file.exists() else []
        assert set(printed) <= set(kept)


def changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def test_while_a_voice_is_converted_a_kill_leaves_no_half_voice(tmp_path):
    package = Path(shutil.copytree(GOLDEN / "noncausal_16k", tmp_path / "package"))
    output = tmp_path / "models"
    command = [sys.executable, "-m", "convert", str(package), "--output", str(output), "--precision", "fp32"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(output.glob("**/*.onnx")):
        time.sleep(0.001)
    process.kill()
    process.wait()
    for folder in output.iterdir():
        if not folder.name.startswith("."):
            assert Voice(folder).manifest.graphs  # it was complete already
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    (voice,) = (folder for folder in output.iterdir() if not folder.name.startswith("."))
    assert yaml.safe_load((voice / "voice.yaml").read_text("utf-8"))["graphs"]
