"""Voice folders: which emotions a voice offers, and how an invalid voice.yaml is reported."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from server.cli import main
from server.config import Config, ModelsSection, RuntimeSection
from server.errors import UnknownNameError, VoiceError
from server.http import create_app
from server.synthesis.registry import VoiceRegistry
from server.voices.voice import Voice
from tests.conftest import EMBEDDED

TRAINED = ["neutral", "happy", "sad", "angry"]
VALID = "unknown emotion 'calm'; valid: neutral, angry, happy, sad"
"""In the order of the embedding table."""

MakeVoice = Callable[[list[str] | None], Path]


@pytest.fixture
def make_voice(tmp_path: Path) -> MakeVoice:
    """Copies the embedded voice as `demo` into a models folder, with these `trained_emotions`; returns the voice."""

    def make(trained: list[str] | None) -> Path:
        folder = Path(shutil.copytree(EMBEDDED, tmp_path / "models" / "demo"))
        content = yaml.safe_load((folder / "voice.yaml").read_text(encoding="utf-8"))
        content.pop("trained_emotions", None)
        if trained is not None:
            content["trained_emotions"] = trained
        (folder / "voice.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return folder

    return make


def test_a_voice_offers_its_trained_emotions(make_voice: MakeVoice) -> None:
    voice = Voice(make_voice(TRAINED))
    assert voice.emotions == ("neutral", "angry", "happy", "sad")
    assert voice.emotion("happy") == voice.emotion("emotion_happy") == "happy"
    for untrained in ("calm", "emotion_calm"):
        with pytest.raises(UnknownNameError, match=VALID.replace("calm", untrained)) as caught:
            voice.emotion(untrained)
        assert (caught.value.param, caught.value.code) == ("emotion", "unknown_emotion")


@pytest.mark.parametrize("trained", [None, []])
def test_a_voice_with_unknown_trained_emotions_offers_all_but_placeholders(
    trained: list[str] | None, make_voice: MakeVoice
) -> None:
    voice = Voice(make_voice(trained))
    assert len(voice.emotions) == 24
    assert voice.emotions[:3] == ("none", "neutral", "angry")
    assert voice.emotion("calm") == "calm"


def test_the_default_emotion_is_neutral_if_trained_else_the_first_one(make_voice: MakeVoice, tmp_path: Path) -> None:
    assert Voice(make_voice(TRAINED)).emotion(None) == "neutral"
    shutil.rmtree(tmp_path / "models")
    assert Voice(make_voice(["sad", "angry"])).emotion(None) == "angry"


@pytest.mark.parametrize("wrong", ["hungry", "emotion_happy"])
def test_a_trained_emotion_that_the_voice_lacks_is_an_error(wrong: str, make_voice: MakeVoice) -> None:
    with pytest.raises(VoiceError, match=f"is not valid: .*trained_emotions has {wrong}, which emotions lacks"):
        Voice(make_voice(["happy", wrong]))


def test_the_command_line_lists_and_accepts_trained_emotions_only(
    make_voice: MakeVoice, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    models = ["--models", str(make_voice(TRAINED).parent)]
    assert main(["voices", *models]) == 0
    assert "  emotions: neutral, angry, happy, sad\n" in capsys.readouterr().out
    for command in (["text", "你好"], ["speak", "你好", "-o", str(tmp_path / "out.wav")]):
        assert main([*command, "--emotion", "calm", *models]) == 1
        assert VALID in capsys.readouterr().err
    ssml = "<speak>你<emotion category='calm'>好</emotion></speak>"
    assert main(["speak", ssml, "-o", str(tmp_path / "out.wav"), *models]) == 1
    assert VALID in capsys.readouterr().err
    assert main(["text", "你好", "--emotion", "happy", "--json", *models]) == 0
    assert "emotion_happy" in json.loads(capsys.readouterr().out)["symbols"]


def test_the_http_api_lists_and_accepts_trained_emotions_only(make_voice: MakeVoice) -> None:
    config = Config(
        models=ModelsSection(path=make_voice(TRAINED).parent), runtime=RuntimeSection(providers=("cpu",), threads=1)
    )

    async def scenario() -> None:
        async with TestClient(TestServer(create_app(VoiceRegistry(config), config))) as client:
            while (await client.get("/ready")).status != 200:
                await asyncio.sleep(0.05)
            (listed,) = (await (await client.get("/v1/audio/voices")).json())["voices"]
            assert listed["emotions"] == ["neutral", "angry", "happy", "sad"]
            response = await client.post("/v1/audio/speech", json={"input": "你好", "emotion": "calm"})
            error = (await response.json())["error"]
            assert (response.status, error["param"], error["code"]) == (400, "emotion", "unknown_emotion")
            assert VALID in error["message"]

    asyncio.run(asyncio.wait_for(scenario(), 300))
