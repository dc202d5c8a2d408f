"""`python -m server references` against a server, and without one."""

import asyncio
import json

import pytest

from server.cli import main
from server.cli.http_client import HttpClient
from tests.http.references.conftest import CONSENT, PATH


@pytest.fixture
def command(capsys, tmp_path, monkeypatch, wav):
    """Runs the command in a thread, in a folder with `me.wav`; returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.wav").write_bytes(wav)

    async def run(client, *arguments: str) -> tuple[int, str, str]:
        server = ["--server", str(client.make_url("/"))] if client else []
        code = await asyncio.to_thread(main, ["references", *arguments, *server])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


async def test_a_recording_is_added_listed_shown_and_removed(keeping, command):
    async with keeping() as client:
        code, output, errors = await command(
            client, "add", "me.wav", "--consent", CONSENT, "--name", "我\x1b[31m", "--transcript", "今天"
        )
        assert code == 0, errors
        reference_id = output.strip()
        listed = (await command(client, "list"))[1]
        assert listed.startswith(f"{reference_id} ")
        assert "我" in listed
        assert "\x1b" not in listed
        shown = (await command(client, "show", reference_id, "--speaker", "M7"))[1]
        assert "  f0 median: " in shown
        assert "demo/M7: emotion happy, speed 1.2, pitch 2.0, " in shown
        assert "not taken over: timbre: voice 'demo'" in shown
        assert (await command(client, "remove", reference_id))[1] == f"{reference_id} is deleted\n"
        code, _, errors = await command(client, "show", reference_id)
        assert (code, errors.startswith(f"error: there is no reference '{reference_id}'")) == (1, True)
        assert (await command(client, "list"))[:2] == (0, "")


async def test_what_is_said_about_a_recording_is_in_no_address(keeping, command, monkeypatch):
    asked = []
    ask = HttpClient.ask
    monkeypatch.setattr(HttpClient, "ask", lambda self, *request: asked.append(request[:2]) or ask(self, *request))
    said = 'I am "Anna", and I agree.\n-- 安娜'
    async with keeping() as client:
        code, _, errors = await command(client, "add", "me.wav", "--consent", said, "--transcript", "今天")
        assert code == 0, errors
        (kept,) = (await (await client.get(PATH)).json())["data"]
    assert asked == [("POST", PATH)]
    assert (kept["consent"], kept["name"], kept["transcript"]) == (said, "me", "今天")


async def test_what_the_server_refuses_is_said(keeping, command, tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    async with keeping() as client:
        code, _, errors = await command(client, "add", "text.wav", "--consent", CONSENT)
        assert (code, errors.startswith("error: the file ")) == (1, True)
        code, _, errors = await command(client, "add", "none.wav", "--consent", CONSENT)
        assert (code, errors) == (1, "error: none.wav cannot be read: No such file or directory\n")


async def test_without_consent_the_command_is_not_complete(command):
    with pytest.raises(SystemExit) as ended:
        await command(None, "add", "me.wav")
    assert ended.value.code == 2


async def test_a_file_is_analyzed_without_a_server(command):
    code, output, _ = await command(None, "analyze", "me.wav")
    assert (code, output.splitlines()[0]) == (0, "me.wav: wav")
    assert "  syllable rate: " in output
    found = json.loads((await command(None, "analyze", "me.wav", "--json"))[1])
    assert found["f0_median"] > 50
    assert isinstance(found["warnings"], list)
