"""Voice names of requests: voices, aliases, `voice/speaker`; OpenAI's names with any default voice."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from server.config import Config, ModelsSection, RuntimeSection
from server.errors import ConfigurationError, RequestError, UnknownNameError, VoiceError
from server.synthesis.registry import OnDemandVoices, VoiceRegistry
from server.synthesis.voice_resolver import VoiceResolver
from server.voices.aliases import OPENAI_ALIASES
from tests.conftest import EMBEDDED


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Voices with the speakers of the embedded one, with one speaker `anna`, a damaged one and an unreadable one."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("demo", "kind", "cracked"):
        shutil.copytree(EMBEDDED, folder / name)
        manifest = folder / name / "voice.yaml"
        text = manifest.read_text().replace("name: demo", f"name: {name}")
        if name == "kind":
            text = re.sub(r"speakers: \[.*?\]", "speakers: [anna]", text)
        manifest.write_text(text)
    (folder / "cracked" / "vocoder.onnx").write_bytes(b"damaged")
    (folder / "unreadable").mkdir()
    return folder


def config(models: Path, aliases: Mapping[str, str] | None = None, default: str | None = None) -> Config:
    section = ModelsSection(path=models, default_voice=default, aliases=dict(aliases or {}))
    return Config(models=section, runtime=RuntimeSection(providers=("cpu",), threads=1))


CONFIGURED = {"lena": "kind", "max": "demo/male", "eva": "female", "nova": "kind/anna", "ruin": "cracked/male"}


@pytest.fixture(scope="module")
def resolver(models: Path) -> VoiceResolver:
    return VoiceResolver(OnDemandVoices(config(models, CONFIGURED)))


def resolved(resolver: VoiceResolver, name: str | None, speaker: str | None = None) -> str:
    synthesizer, found = resolver.resolve(name, speaker)
    return f"{synthesizer.voice.name}/{found}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, "demo/natural"),
        ("demo", "demo/natural"),
        ("kind", "kind/anna"),
        ("demo/female", "demo/female"),
        ("alloy", "demo/natural"),
        ("onyx", "demo/male"),
        ("lena", "kind/anna"),
        ("max", "demo/male"),
        ("eva", "demo/female"),
        ("nova", "kind/anna"),  # configured, in place of the default
    ],
)
def test_a_name_is_a_voice_or_an_alias_or_a_voice_with_its_speaker(
    resolver: VoiceResolver, name: str | None, expected: str
) -> None:
    assert resolved(resolver, name) == expected


@pytest.mark.parametrize("name", ["absent", "", "/", "/male", "absent/male", "male", "DEMO", "demo/", "demo/male/x"])
def test_another_name_is_refused_with_the_valid_ones(resolver: VoiceResolver, name: str) -> None:
    valid = (
        "demo/natural, demo/male, demo/female"
        if name.startswith("demo/")
        else "demo, kind, alloy, .*lena.*VOICE/SPEAKER"
    )
    with pytest.raises(UnknownNameError, match=f"unknown voice {name!r}; valid: .*{valid}"):
        resolver.resolve(name, None)


def test_the_speaker_of_a_request_replaces_that_of_an_alias(resolver: VoiceResolver) -> None:
    assert resolved(resolver, "alloy", "male") == "demo/male"
    assert resolved(resolver, "demo/male", "male") == "demo/male"
    with pytest.raises(RequestError, match="voice is 'demo/male', but speaker is 'female'"):
        resolver.resolve("demo/male", "female")
    with pytest.raises(UnknownNameError, match="unknown speaker 'male'; valid: anna"):
        resolver.resolve("lena", "male")


@pytest.mark.parametrize("name", ["cracked", "cracked/male", "ruin", "unreadable"])
def test_the_error_for_a_broken_voice_has_its_reason(resolver: VoiceResolver, name: str) -> None:
    with pytest.raises(VoiceError, match=r"vocoder.onnx is damaged|voice.yaml is missing"):
        resolver.resolve(name, None)


def test_openai_names_mean_a_default_voice_without_such_speakers_too(models: Path) -> None:
    names = VoiceResolver(OnDemandVoices(config(models, default="kind")))
    assert {resolved(names, alias) for alias in OPENAI_ALIASES} == {"kind/anna"}


def test_openai_names_mean_the_speaker_of_a_recorded_person_if_there_is_one(models: Path, tmp_path: Path) -> None:
    manifest = shutil.copytree(models / "demo", tmp_path / "demo") / "voice.yaml"
    manifest.write_text(manifest.read_text().replace("[natural, male, female]", "[male, female]"))
    with_natural, without = (VoiceResolver(OnDemandVoices(config(folder))) for folder in (models, tmp_path))
    assert [resolved(with_natural, name) for name in ("nova", "onyx")] == ["demo/natural", "demo/male"]
    assert [resolved(without, name) for name in ("nova", "onyx")] == ["demo/female", "demo/male"]


def test_a_part_of_a_text_has_a_speaker_of_its_voice_or_any_other_name(resolver: VoiceResolver) -> None:
    demo, _ = resolver.resolve("demo", None)
    names = ["female", "kind", "demo/male", "alloy", "lena"]
    found = [resolver.resolve_within(demo, name) for name in names]
    assert [f"{synthesizer.voice.name}/{speaker}" for synthesizer, speaker in found] == [
        "demo/female", "kind/anna", "demo/male", "demo/natural", "kind/anna",
    ]  # fmt: skip
    with pytest.raises(
        UnknownNameError, match="unknown voice 'absent'; valid: natural, male, female, cracked, demo, kind, al"
    ):
        resolver.resolve_within(demo, "absent")


def test_aliases_are_listed_with_what_they_mean(resolver: VoiceResolver) -> None:
    listed = resolver.aliases()
    assert listed.keys() == OPENAI_ALIASES.keys() | CONFIGURED.keys()
    assert (listed["shimmer"], listed["nova"], listed["lena"]) == ("demo/natural", "kind/anna", "kind/anna")
    assert listed["ruin"] == "cracked/male"


def test_aliases_are_listed_without_a_default_voice_too(models: Path) -> None:
    assert VoiceResolver(OnDemandVoices(config(models, default="absent"))).aliases() == OPENAI_ALIASES


@pytest.mark.parametrize("target", ["absent", "", "demo/anna", "anna", "nova", "alloy", "absent/male", "demo/"])
def test_an_alias_that_names_nothing_is_an_error_at_the_start(models: Path, target: str) -> None:
    valid = (
        "cracked, demo, kind, unreadable, cracked/natural, cracked/male, cracked/female, demo/natural, demo/male, "
        "demo/female, kind/anna, natural, male, female"
    )
    with pytest.raises(ConfigurationError, match=f"'lea' is {target!r}, which is no voice.*valid: {valid}"):
        VoiceRegistry(config(models, {"nova": "demo", "lea": target}))


def test_an_alias_with_the_name_of_a_voice_is_an_error_and_all_errors_are_named(models: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        VoiceRegistry(config(models, {"kind": "demo", "lea": "absent"}))
    assert str(raised.value).splitlines()[0] == "models.aliases: 'kind' is a voice; give the alias another name"
    assert "'lea' is 'absent'" in str(raised.value).splitlines()[1]


def test_a_speaker_of_a_voice_that_cannot_be_read_is_accepted(models: Path) -> None:
    assert VoiceRegistry(config(models, {"lea": "unreadable/lea"})).aliases["lea"] == "unreadable/lea"
