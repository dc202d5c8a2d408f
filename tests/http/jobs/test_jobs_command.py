"""`python -m server jobs` against a server."""

import asyncio

import pytest

from server.cli import main
from server.errors import SynthesisError


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Runs the command in a thread; returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    async def run(client, *arguments: str) -> tuple[int, str, str]:
        url = str(client.make_url("/"))
        code = await asyncio.to_thread(main, ["jobs", *arguments, "--server", url])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


async def test_a_file_is_submitted_and_its_result_written(serving_jobs, command, tmp_path):
    (tmp_path / "book.txt").write_text("a\nbb", "utf-8")
    async with serving_jobs() as client:
        code, output, errors = await command(
            client, "submit", "book.txt", "--field", "voice=demo", "--output", "out.txt"
        )
        assert code == 0, errors
        assert (tmp_path / "out.txt").read_bytes() == b"A\nBB"
        assert "parts: 2 of 2" in output
        assert "100%" in errors
        job_id = output.split()[0]
        assert (await command(client, "list"))[1].split() == [job_id, "done", "100%", "book"]
        assert (await command(client, "list", "--state", "failed"))[1] == ""
        assert "characters: 3 of 3" in (await command(client, "show", job_id))[1]
        assert (await command(client, "fetch", job_id))[1] == "book.txt\n"
        assert (tmp_path / "book.txt").read_bytes() == b"A\nBB"
        assert (await command(client, "cancel", job_id))[1] == f"{job_id} is forgotten\n"
        assert (await command(client, "watch", job_id))[2].startswith(f"error: there is no job '{job_id}'")


async def test_a_job_that_fails_has_exit_code_1(serving_jobs, command, renderer, tmp_path):
    renderer.errors = {"bad": [SynthesisError("NaN")] * 3}
    (tmp_path / "book.srt").write_text("bad", "utf-8")
    async with serving_jobs() as client:
        code, output, _ = await command(client, "submit", "book.srt", "--output", "out.mp3")
        assert (code, "error: part 1 of 1: NaN" in output) == (1, True)
        assert not (tmp_path / "out.mp3").exists()
        code, _, errors = await command(client, "fetch", output.split()[0])
        assert (code, "has no result: it is failed" in errors) == (1, True)


async def test_a_job_is_cancelled(serving_jobs, command, renderer, tmp_path):
    renderer.may_compute.clear()
    (tmp_path / "book.txt").write_text("a", "utf-8")
    async with serving_jobs() as client:
        job_id = (await command(client, "submit", "book.txt"))[1].strip()
        assert (await command(client, "cancel", job_id))[1] == f"{job_id} is cancelled\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("submit", "missing.txt"), "missing.txt cannot be read: No such file"),
        (("submit", "book.txt", "--field", "voice"), "--field must be NAME=VALUE"),
        (("submit", "book.txt", "--field", "colour=red"), "colour is not a field"),
        (("show", "../x"), "there is no job '../x'"),
        (("list", "--state", "lost"), "state must be one of"),
    ],
)
async def test_mistakes_are_named(serving_jobs, command, tmp_path, arguments, expected):
    (tmp_path / "book.txt").write_text("a", "utf-8")
    async with serving_jobs() as client:
        code, _, errors = await command(client, *arguments)
        assert code == 1
        assert expected in errors
