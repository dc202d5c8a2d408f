"""What `doctor --server` and `jobs` say about servers that are none, lie, redirect, or go away."""

import json

import pytest

from server.cli import main
from tests.cli.foreign_server import foreign_server

JOB = {
    "object": "audio.job", "id": "job_1", "name": "\x1b[2Jred", "state": "running", "error": None, "waiting": None,
    "progress": {"parts": 2, "parts_done": 1, "characters": 2, "characters_done": 1, "share": 0.5}, "result": None,
}  # fmt: skip
RESULT = {"name": "a.mp3", "size": 10, "seconds": 1.0, "warnings": []}
EVENTS = "/v1/audio/jobs/job_1/events"


def body(**changes: object) -> bytes:
    return json.dumps({**JOB, **changes}).encode()


@pytest.mark.parametrize("command", [["doctor"], ["jobs", "list"]])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--server", "http://127.0.0.1:1"], "does not answer: "),
        (["--server", "localhost:7860"], "must be an address such as http://localhost:7860, not 'localhost:7860'"),
        (["--server", "http://[::1"], "must be an address such as"),
        (["--server", "http://localhost:port"], "must be an address such as"),
        (["--server", "http://localhost:99999"], "must be an address such as"),
        (["--server", "file:///etc/passwd"], "must be an address such as"),
        (["--server", "http://127.0.0.1:1", "--key", "a\nb"], "--key has characters that no key has"),
        (["--server", "http://127.0.0.1:1", "--key", "钥匙"], "--key has characters that no key has"),
    ],
)
def test_a_wrong_address_or_key_is_an_error(command, options, message, capsys):
    assert main([*command, *options]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", [["doctor"], ["jobs", "list"]])
def test_no_key_follows_a_redirect(command, capsys):
    moved = (302, {"Location": "http://203.0.113.1/"}, b"")
    with foreign_server({"/ready": moved, "/v1/audio/jobs": moved}) as url:
        assert main([*command, "--server", url, "--key", "sk-secret"]) == 1
    shown = capsys.readouterr()
    assert "redirects to http://203.0.113.1/; give that server's address" in shown.err
    assert "sk-secret" not in shown.err + shown.out


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"hello": 1}', b"[" * 100_000])
def test_jobs_recognizes_other_software(answer, capsys):
    with foreign_server({"/v1/audio/jobs": (200, {}, answer)}) as url:
        assert main(["jobs", "list", "--server", url]) == 1
    assert "this software" in capsys.readouterr().err


def test_what_a_server_says_about_jobs_cannot_control_the_terminal(capsys):
    refusal = json.dumps({"error": {"message": "\x1b[2Jwrong"}}).encode()
    answers = {"/v1/audio/jobs/job_1": (200, {}, body()), "/v1/audio/jobs/job_2": (404, {}, refusal)}
    with foreign_server(answers) as url:
        assert main(["jobs", "show", "job_1", "--server", url]) == 0
        assert main(["jobs", "show", "job_2", "--server", url]) == 1
    shown = capsys.readouterr()
    assert r"\x1b[2Jred" in shown.out
    assert shown.err == "error: \\x1b[2Jwrong\n"


def test_events_that_end_before_the_job_are_an_error(capsys):
    event = b"data: " + json.dumps({"job": JOB}).encode() + b"\n\n"
    with foreign_server({EVENTS: (200, {}, event), "/v1/audio/jobs/job_1": (200, {}, body())}) as url:
        assert main(["jobs", "watch", "job_1", "--server", url]) == 1
    assert "error: the server has ended the events of job_1, which is running" in capsys.readouterr().err


def test_a_connection_that_is_lost_is_an_error(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chunked = {"Transfer-Encoding": "chunked"}
    answers = {
        EVENTS: (200, chunked, b"100\r\ndata: "),
        "/v1/audio/jobs/job_1": (200, {}, body(state="done", result=RESULT)),
        "/v1/audio/jobs/job_1/result": (200, chunked, b"100\r\n123"),
    }
    with foreign_server(answers) as url:
        assert main(["jobs", "watch", "job_1", "--server", url]) == 1
        assert f"error: the connection to {url} was lost: " in capsys.readouterr().err
        assert main(["jobs", "fetch", "job_1", "--server", url]) == 1
        assert f"error: the connection to {url} was lost: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
