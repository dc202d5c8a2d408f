"""The key of a request: whatever changes a byte changes it, and other spellings of the same request do not."""

from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from server.audio.encoders import ENCODERS
from server.client import LOCAL_CLIENT
from server.config import Config, SynthesisSection
from server.http.speech import cache_key, prepared_speech
from server.http.speech.cache_key import CacheKey
from server.http.speech.prepared_speech import SpeechPreparation
from server.http.speech.request import SpeechRequest
from server.references.recording import Recording
from server.references.reference_service import ReferenceService
from server.synthesis.options import SpeechOptions
from server.synthesis.reference import expression
from server.synthesis.reference.expression import Expression
from server.synthesis.reference.speech_reference import ReferenceUse, SpeechReference
from server.synthesis.synthesizer import Synthesizer
from server.text.pronunciation.user_lexicon import UserLexicon
from server.types import Audio, Style
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, cpu
from tests.http.conftest import CountingSynthesizer

TEXT = "今天天气很好"
OPUS = ENCODERS["opus"].bit_rates(16000).default
ELSE: dict[str, Any] = {
    "input": TEXT + "。", "voice": "second", "response_format": "wav", "instructions": "speak happily",
    "bit_rate": 48000, "speed": 1.5, "speaker": "M7", "emotion": "happy", "pitch": 1.0, "energy": 1.0, "volume": 0.5,
    "pitch_range": 1.5, "pauses": 1.5,
    "sample_rate": 24000, "lexicon": {"天气": "tian1 qi4"}, "replacements": {"天气": "气候"}, "seed": 0,
}  # fmt: skip
"""A value for each field that changes the audio."""
SAME: dict[str, Any] = {"model": "tts-1", "stream_format": "sse", "timestamps": True}
"""Fields that do not change it."""


@pytest.fixture
def preparation(registry):
    """`preparation(config sections)`."""

    def create(**sections: object) -> SpeechPreparation:
        ready = SimpleNamespace(require_ready=lambda: None)
        config = Config.model_validate(sections)
        return SpeechPreparation(registry, ready, config, ReferenceService(config))

    return create


@pytest.fixture
def key(preparation):
    """`await key(fields)`: the key of a request, with the configuration in `config`."""

    async def make(values: Mapping[str, Any] = {}, *, as_file: bool = False, **config: object) -> CacheKey | None:
        request = SpeechRequest.model_validate({"input": TEXT, **values})
        return (await preparation(**config).prepare(request, LOCAL_CLIENT, as_file=as_file, cached=True)).cache_key

    return make


def test_every_field_of_a_request_is_in_one_of_the_tables():
    reference = {"reference", "reference_strength", "reference_use", "reference_similarity"}
    assert set(SpeechRequest.model_fields) == ELSE.keys() | SAME.keys() | reference


def test_every_option_of_speech_is_considered():
    assert {field.name for field in fields(SpeechOptions)} == {
        "voice", "speaker", "emotion", "style", "wording", "seed", "noise", "reference",
    }, "add the new option to CacheKeys.key"  # fmt: skip


@pytest.mark.parametrize("field", ELSE)
async def test_another_value_of_a_field_misses(key, field):
    assert (await key({field: ELSE[field]})).digest != (await key()).digest


async def test_all_these_requests_have_different_keys(key):
    keys = [await key(), await key(as_file=True), *[await key({field: value}) for field, value in ELSE.items()]]
    happy = {"instructions", "emotion"}  # which mean the same
    assert len({each.digest for each in keys}) == len(keys) - len(happy) + 1


@pytest.mark.parametrize("field", SAME)
async def test_a_field_without_effect_on_the_audio_hits(key, field):
    assert (await key({field: SAME[field]})).digest == (await key()).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"voice": "demo"}, {}),
        ({"voice": {"id": "demo"}}, {}),
        ({"voice": "alloy"}, {}),
        ({"voice": "demo/F7"}, {}),
        ({"voice": "lena"}, {"speaker": "M7"}),
        ({"voice": "demo/M7"}, {"speaker": "M7"}),
        ({"voice": "backup"}, {"voice": "second"}),
        ({"voice": "mike"}, {"voice": "second", "speaker": "M7"}),
        ({"emotion": "neutral"}, {}),
        ({"emotion": "emotion_happy"}, {"emotion": "happy"}),
        ({"instructions": "speak happily"}, {"emotion": "happy"}),
        ({"instructions": "slowly"}, {"speed": 0.8}),
        ({"instructions": "tell me a story"}, {}),
        ({"speed": 1}, {}),
        ({"response_format": "mp3"}, {}),
        ({"sample_rate": 16000}, {}),
        ({"bit_rate": 32000}, {"bit_rate": 32000, "sample_rate": 16000}),
        ({"response_format": "opus"}, {"response_format": "opus", "bit_rate": OPUS, "sample_rate": 16000}),
        ({"lexicon": {}}, {}),
        (
            {"lexicon": {"天气": "tian1 qi4", "今天": "jin1 tian1"}},
            {"lexicon": {"今天": "jin1 tian1", "天气": "tian1 qi4"}},
        ),
        ({"replacements": {"天": "田", "今": "金"}}, {"replacements": {"今": "金", "天": "田"}}),
        ({"input": "<speak>你好</speak>", "voice": "alloy"}, {"input": "<speak>你好</speak>"}),
    ],
)
async def test_another_spelling_of_the_same_request_hits(key, one, other):
    assert (await key(one)).digest == (await key(other)).digest


@pytest.mark.parametrize(
    "config",
    [
        {"text": {"marks": False}},
        {"label": {"enabled": True, "producer": "x"}},
        {"label": {"enabled": True, "producer": "y"}},
        {"label": {"enabled": True, "producer": "x", "audible": "rhythm"}},
    ],
    ids=str,
)
async def test_another_configuration_misses(key, config):
    assert (await key(**config)).digest != (await key()).digest


async def test_other_settings_of_the_voice_miss(key, registry):
    """Those with which its text is analyzed and its audio is computed, also when they change while the server runs."""
    before = await key()
    registry.voices["second"].settings = {"emoji": "name"}
    assert await key() == before
    registry.voices["demo"].settings = {"emoji": "name"}
    assert (await key()).digest != before.digest


def test_every_setting_that_changes_audio_is_among_those_of_the_voice():
    def settings(lexicon: Mapping[str, str] = {}, emoji: str = "drop", **synthesis: object) -> Mapping[str, object]:
        section, words = SynthesisSection.model_validate(synthesis), UserLexicon.of(lexicon)
        return Synthesizer(Voice(EMBEDDED), cpu(), section, words, emoji).settings

    found = [
        settings(), settings({"天气": "tian1 qi4"}), settings(emoji="name"), settings(first_chunk_steps=9),
        settings(chunk_steps=9), settings(sentence_silence=0.5),
    ]  # fmt: skip
    assert all(one != other for one, other in combinations(found, 2))
    assert settings(max_characters=9, early_clause=False) == found[0]


async def test_limits_of_the_configuration_change_nothing(key):
    other = await key(synthesis={"max_characters": 99}, server={"port": 1}, cache={"memory_mb": 1})
    assert other.digest == (await key()).digest


async def test_another_version_of_the_server_misses(key, monkeypatch):
    before = await key()
    monkeypatch.setattr(cache_key, "__version__", "99")
    assert (await key()).digest != before.digest


async def test_another_provider_or_precision_misses(key, registry):
    keys = [await key()]
    registry.provider = "cuda"
    keys.append(await key())
    registry.precisions["demo"] = "fp16"
    keys.append(await key())
    registry.precisions["second"] = "fp16"  # which does not speak
    assert await key() == keys[-1]
    assert len({each.digest for each in keys}) == 3


def changed(voice: Voice, **sections: dict[str, object]) -> CountingSynthesizer:
    """A voice of the same name after its folder was replaced."""
    path = voice.folder / "voice.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    for name, values in sections.items():
        content[name] |= values
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return CountingSynthesizer(Voice(voice.folder))


async def test_another_graph_of_the_voice_misses_also_where_it_speaks_a_part(key, registry):
    graph = {"file": "vocoder.onnx", "sha256": "0" * 64, "bytes": 1, "parameters": 1}
    dialog = {"input": "<speak>你好<voice name='second'>再见</voice></speak>"}
    before, before_dialog = await key(), await key(dialog)
    registry.voices["second"] = changed(registry.voices["second"].voice, graphs={"vocoder": graph})
    assert await key() == before
    assert (await key(dialog)).digest != before_dialog.digest
    registry.voices["demo"] = changed(registry.voices["demo"].voice, graphs={"vocoder": graph})
    assert (await key()).digest != before.digest


async def test_an_alias_in_a_text_is_what_it_means(key, registry):
    dialog = {"input": "<speak>你好<voice name='backup'>再见</voice></speak>"}
    before = await key(dialog)
    registry.aliases["backup"] = "second/M7"
    assert (await key(dialog)).digest != before.digest


async def test_noise_needs_a_seed_of_the_request_or_of_the_configuration(key, registry):
    quiet = await key(cache={"seed": None})
    assert quiet == await key(cache={"seed": 5})
    voice = registry.voices["demo"].voice
    registry.voices["demo"] = changed(voice, vocoder={"harmonics": 8}, acoustic={"f0": None})
    assert await key(cache={"seed": None}) is None
    assert await key({"seed": 3}, cache={"seed": None}) is not None
    assert await key(as_file=True, cache={"seed": None}) is not None  # which has one
    by_default, other = await key(), await key(cache={"seed": 1})
    assert len({by_default.digest, other.digest, (await key({"seed": 0})).digest, (await key({"seed": 1})).digest}) == 4


async def test_a_key_stands_until_a_device_fails(preparation, registry):
    keys = preparation().keys
    key = (await preparation().prepare(SpeechRequest(input=TEXT), LOCAL_CLIENT, cached=True)).cache_key
    assert keys.stands(key)
    registry.provider = "cuda"
    assert not keys.stands(key)


async def test_the_seed_of_the_configuration_is_that_of_the_noise(preparation):
    prepared = await preparation(cache={"seed": 7}).prepare(SpeechRequest(input=TEXT), LOCAL_CLIENT)
    assert (prepared.plan.seed, prepared.plan.noise) == (None, 7)
    assert replace(prepared).cache_key is None  # it was not asked for


@pytest.fixture
def reference(monkeypatch):
    """`reference(digest, uses, transcript)`: the requests that follow have it, and it sounds happy."""

    def happy(*arguments: object) -> Expression:
        return Expression("happy", 1.0, Style(speed=1.5), {}, ())

    def use(digest: str, *uses: str, transcript: str | None = None, strength: float = 1.0) -> None:
        audio = Audio(np.zeros(0, np.float32), 16000)
        recording = Recording(digest, audio, "wav", 16000, 1, 0.0, 0.0)
        analysis: Any = None
        found = SpeechReference(recording, analysis, frozenset(map(ReferenceUse, uses)), strength, transcript)

        async def resolve(*arguments: object) -> SpeechReference:
            return found

        monkeypatch.setattr(prepared_speech, "resolve_reference", resolve)

    monkeypatch.setattr(expression, "express", happy)
    return use


async def test_the_emotion_of_a_recording_is_what_it_chooses(key, reference):
    plain, settings = await key(), await key({"emotion": "happy", "speed": 1.5})
    for digest in ("a", "b"):
        reference(digest, "emotion")
        assert (await key()).digest == settings.digest
    reference("a", "emotion", "timbre")  # which the voice does not take
    assert (await key()).digest == settings.digest
    reference("a", "emotion", "timbre", strength=0.0)
    assert (await key()).digest == plain.digest


async def test_of_a_delivery_the_recording_and_its_words_count(key, reference):
    found = [await key()]
    for digest, transcript in (("a", None), ("b", None), ("a", "你好"), ("a", "再见")):
        reference(digest, "delivery", transcript=transcript)
        found.append(await key())
    assert len({each.digest for each in found}) == len(found)
