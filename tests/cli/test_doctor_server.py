"""`doctor --server`: what is said about servers that run, are broken, refuse, or are none."""

import json
from types import SimpleNamespace

import pytest

from server import __version__
from server.cli import main
from server.cli.diagnosis.findings import diagnose
from server.cli.diagnosis.server_client import ServerFacts
from server.config import Config
from tests.cli.foreign_server import foreign_server
from tests.clients.conftest import serve
from tests.http.conftest import CountingSynthesizer, FakeRegistry, write_voice

READY = {"status": "ready", "version": __version__, "provider": "cpu", "preferred": "cpu", "voices": 1, "broken": 0}


@pytest.fixture
def fake_registry(tmp_path):
    registry = FakeRegistry({"demo": CountingSynthesizer(write_voice(tmp_path / "demo", "demo"))})
    registry.broken, registry.fallback = {}, None
    registry.runtime = SimpleNamespace(failed_providers={})
    return registry


def config(tmp_path, **sections: object) -> Config:
    content = {"runtime": {"providers": ["cpu"]}, "storage": {"path": str(tmp_path / "data")}, **sections}
    return Config.model_validate(content)


def test_nothing_is_wrong_with_a_server_that_is_ready(fake_registry, tmp_path, capsys):
    with serve(fake_registry, config(tmp_path)) as url:
        code = main(["doctor", "--server", f"{url}/"])
    shown = capsys.readouterr().out
    assert (code, shown.splitlines()[-1]) == (0, "nothing is wrong"), shown
    for part in (f"ready, version {__version__}", "runs on        cpu", "1 can speak, 0 are broken", "no request yet"):
        assert part in shown


def test_broken_voices_and_failed_devices_are_named(fake_registry, tmp_path, capsys):
    fake_registry.broken = {"cracked": "decoder.onnx is damaged"}
    fake_registry.fallback = "cuda: the device was lost"
    fake_registry.runtime = SimpleNamespace(failed_providers={"cuda": "the device was lost"})
    with serve(fake_registry, config(tmp_path, runtime={"providers": ["cuda", "cpu"]})) as url:
        assert main(["doctor", "--server", url]) == 1
    shown = capsys.readouterr().out
    assert "problem        voice cracked is broken: decoder.onnx is damaged" in shown
    assert "problem        it runs on cpu, not on cuda: cuda: the device was lost. Correct the cause" in shown
    assert shown.splitlines()[-1] == "2 problems"


def test_without_metrics_the_rest_is_checked(fake_registry, tmp_path, capsys):
    with serve(fake_registry, config(tmp_path, metrics={"enabled": False})) as url:
        assert main(["doctor", "--server", url]) == 0
    assert "note           /metrics could not be read: this server has no such path" in capsys.readouterr().out


def test_where_keys_are_needed_the_command_says_so(capsys):
    ready = json.dumps(READY).encode()
    answers = {"/ready": (200, {}, ready), "/health": (200, {}, ready), "/metrics": (401, {}, b""),
               "/v1/audio/voices": (403, {}, b"")}  # fmt: skip
    with foreign_server(answers) as url:
        assert main(["doctor", "--server", url]) == 0
    shown = capsys.readouterr().out
    assert "/metrics could not be read: it needs a key (--key KEY)" in shown
    assert "/v1/audio/voices could not be read: this key lacks the right" in shown


def test_a_key_that_the_server_does_not_know_is_an_error(capsys):
    ready = json.dumps(READY).encode()
    answers = {"/ready": (200, {}, ready), "/health": (200, {}, ready), "/v1/audio/voices": (401, {}, b"")}
    with foreign_server(answers) as url:
        assert main(["doctor", "--server", url, "--key", "sk-revoked"]) == 1
        assert f"error: {url} does not know this key, or it has expired\n" == capsys.readouterr().err
    with foreign_server({"/ready": (401, {}, b"{}")}) as url:
        assert main(["doctor", "--server", url]) == 1
        assert f"error: {url}/ready could not be read: it needs a key (--key KEY)\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "is not this software, or an older version"),
        ({"/ready": (200, {}, b"<html>")}, "answers something else than this software"),
        ({"/ready": (200, {}, b"[]")}, "answers something else than this software"),
        ({"/ready": (302, {"Location": "http://203.0.113.1/ready"}, b"")}, "redirects to http://203.0.113.1/ready"),
    ],
)
def test_other_software_is_recognized(capsys, answers, message):
    with foreign_server(answers) as url:
        assert main(["doctor", "--server", url, "--key", "sk-secret"]) == 1
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert "sk-secret" not in shown.err + shown.out


def test_what_a_server_sends_cannot_control_the_terminal(capsys):
    hostile = json.dumps({**READY, "status": "failed", "reason": "\x1b[2Jred\r\nx\u202e"}).encode()
    with foreign_server({"/ready": (503, {}, hostile), "/health": (200, {}, hostile)}) as url:
        assert main(["doctor", "--server", url]) == 1
    shown = capsys.readouterr().out
    assert r"the server is not ready (failed): \x1b[2Jred\r\nx\u202e" in shown
    assert "\x1b" not in shown


def facts(ready: dict[str, object] = READY, health: dict[str, object] = READY, **metrics: object) -> ServerFacts:
    """`name=value`, or `name={(label, value): ...}`."""
    samples = {
        name: {frozenset(labels): each for labels, each in value.items()}
        if isinstance(value, dict) else {frozenset(): value}
        for name, value in metrics.items()
    }  # fmt: skip
    return ServerFacts(ready=ready, health=health, metrics=samples)


POST = (("method", "POST"), ("route", "/v1/audio/speech"))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (facts(health={**READY, "status": "stuck", "reason": "a worker"}), "the server is stuck: a worker"),
        (facts(ready={**READY, "status": "draining", "reason": "it stops"}), "is not ready (draining): it stops"),
        (facts(ready={**READY, "broken": 2}), "2 voices are broken"),
        (facts(sambert_late_chunks_total=9, sambert_audio_seconds_total=1000), "9 chunks came late in 1000 s"),
        (facts(sambert_streams_ended_total={(("outcome", "failed"),): 2}), "2 of 2 streams failed"),
        (
            facts(sambert_http_requests_total={(*POST, ("code", "200")): 90, (*POST, ("code", "429")): 10}),
            "10 of 100 requests were refused with 429",
        ),
        (facts(sambert_http_requests_total={(*POST, ("code", "500")): 1}), "1 requests failed with 500"),
        (facts(sambert_storage_size_bytes=1e11, sambert_storage_free_bytes=1e9), "only 1.0 GB of 100.0 GB are free"),
        (facts(sambert_worker_step_seconds=45), "busy with one step for 45 s"),
        (
            facts(
                sambert_event_loop_lag_seconds_count=200,
                sambert_event_loop_lag_seconds_bucket={(("le", "0.25"),): 190, (("le", "+Inf"),): 200},
            ),
            "the event loop is often more than 0.25 s late",
        ),
        (facts(sambert_worker_restarts_total=1), "1 workers died"),
    ],
)
def test_each_problem_is_said_in_words(found, text):
    (problem,) = [each for each in diagnose(found) if each.level == "problem"]
    assert text in problem.text


@pytest.mark.parametrize(
    "found",
    [
        facts(),
        facts(sambert_late_chunks_total=1, sambert_audio_seconds_total=10_000),
        facts(sambert_http_requests_total={(*POST, ("code", "429")): 3}),
        facts(sambert_storage_size_bytes=1e11, sambert_storage_free_bytes=5e10),
        facts(ready={**READY, "preferred": "cuda", "fallback": "this onnxruntime has no CUDA"}),
    ],
)
def test_what_is_normal_is_no_problem(found):
    assert [each for each in diagnose(found) if each.level == "problem"] == []


def test_a_note_names_a_provider_that_is_missing_and_another_version():
    found = facts(ready={**READY, "preferred": "cuda", "fallback": "this onnxruntime has no CUDA", "version": "9.9"})
    assert [each.text for each in diagnose(found)] == [
        "it runs on cpu, not on cuda: this onnxruntime has no CUDA",
        f"the server has version 9.9, this program {__version__}",
    ]
