"""Voices that are added, replaced and removed while others speak."""

import gc
import logging
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from server.config import Config, ModelsSection
from server.errors import ConfigurationError, UnknownNameError, VoiceError
from server.runtime.session import Session
from server.synthesis.options import SpeechOptions
from server.synthesis.registry import VoiceRegistry, known_voices
from server.synthesis.registry import registry as registry_module
from server.synthesis.registry.settings import VoiceSettings
from server.synthesis.speech_plan import SpeechPlanner
from server.synthesis.synthesizer import Synthesizer
from server.types import Audio, Floats
from tests.conftest import EMBEDDED, samples_of
from tests.synthesis.voice_copies import SMALL, change_manifest, copy_voice, registry_of, replace_voice

TEXT = "今天天气很好，我们一起去公园散步，然后回家吃晚饭。"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    copy_voice(tmp_path, "anna")
    return tmp_path


@pytest.fixture
def bert(models: Path) -> Path:
    """A second voice."""
    return copy_voice(models, "bert")


@pytest.fixture
def registry(models: Path) -> Iterator[VoiceRegistry]:
    opened = registry_of(models)
    yield opened
    opened.close()


def speech(registry: VoiceRegistry, voice: str | None, seed: int = 7) -> Iterator[Audio]:
    """Nothing else refers to the voice."""
    return SpeechPlanner(registry).plan_text(TEXT, SpeechOptions(voice=voice, seed=seed)).speak()


def whole(registry: VoiceRegistry, voice: str | None) -> Floats:
    return samples_of(speech(registry, voice))


def graphs_in_memory(models: Path) -> int:
    """Those of voices in this folder: other tests may have left some, which go at any time."""
    return sum(isinstance(each, Session) and each.path.is_relative_to(models) for each in gc.get_objects())


def test_an_added_voice_speaks(registry: VoiceRegistry, models: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown voice 'cara'; valid: anna"):
        registry.synthesizer("cara")
    copy_voice(models, "cara", EMBEDDED)
    assert registry.reload().added == ("cara",)
    assert list(registry.known) == ["anna", "cara"]
    assert len(whole(registry, "cara"))
    assert registry.reload().added == ()


def test_a_stream_keeps_the_version_that_was_replaced_in_its_middle(registry: VoiceRegistry, models: Path) -> None:
    before = whole(registry, "anna")
    digest = registry.known["anna"].digest
    stream = speech(registry, "anna")
    first = next(stream)
    replace_voice(models, "anna", EMBEDDED)
    assert registry.reload().replaced == ("anna",)
    assert registry.report().voices[0].uses == 1
    after = whole(registry, "anna")
    np.testing.assert_array_equal(np.concatenate([first.samples, samples_of(stream)]), before)
    assert registry.known["anna"].digest != digest
    assert len(after) != len(before) or not np.array_equal(after, before)


def test_the_memory_of_an_old_version_is_free_when_its_last_stream_ends(registry: VoiceRegistry, models: Path) -> None:
    gc.collect()
    gc.disable()  # what follows must not depend on it
    try:
        of_one_voice = len(registry.known["anna"].manifest.graphs)
        assert graphs_in_memory(models) == of_one_voice
        stream = speech(registry, "anna")
        next(stream)
        old = weakref.ref(registry.voices["anna"])
        replace_voice(models, "anna", SMALL, source={"package": "newer"})
        registry.reload()
        used = registry.report().statistics.bytes
        assert graphs_in_memory(models) == 2 * of_one_voice
        stream.close()
        del stream
        assert old() is None
        assert graphs_in_memory(models) == of_one_voice
        assert registry.report().statistics.bytes < used
    finally:
        gc.enable()


@pytest.mark.usefixtures("bert")
def test_a_voice_that_was_removed_in_the_middle_of_a_stream_finishes_it(registry: VoiceRegistry, models: Path) -> None:
    before = whole(registry, "bert")
    stream = speech(registry, "bert")
    first = next(stream)
    shutil.rmtree(models / "bert")
    assert registry.reload().removed == ("bert",)
    with pytest.raises(UnknownNameError, match="unknown voice 'bert'; valid: anna"):
        registry.synthesizer("bert")
    np.testing.assert_array_equal(np.concatenate([first.samples, samples_of(stream)]), before)


BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file that is not copied yet": (lambda folder: (folder / "postnet.onnx").unlink(), "postnet.onnx is missing"),
    "half a file": (lambda folder: (folder / "vocoder.onnx").write_bytes(b"half"), "vocoder.onnx is damaged"),
    "no voice.yaml yet": (lambda folder: (folder / "voice.yaml").unlink(), "voice.yaml is missing"),
    "half a voice.yaml": (lambda folder: (folder / "voice.yaml").write_text("format: 3\nname: an"), "is not valid"),
}


@pytest.mark.parametrize("case", BREAKAGES)
def test_a_replacement_that_cannot_be_used_leaves_the_old_voice_in_service(
    case: str, registry: VoiceRegistry, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage, reason = BREAKAGES[case]
    before = whole(registry, "anna")
    damage(models / "anna")
    report = registry.reload()
    assert (report.replaced, report.removed, report.kept) == ((), (), ("anna",))
    assert reason in report.broken["anna"]
    assert "the old version stays in service" in caplog.text
    np.testing.assert_array_equal(whole(registry, "anna"), before)
    (listed,) = [each for each in registry.report().voices if each.name == "anna"]
    assert listed.state == "loaded"
    assert reason in str(listed.problem)


def test_a_restored_folder_needs_no_new_version(registry: VoiceRegistry, models: Path) -> None:
    graph = models / "anna" / "vocoder.onnx"
    content = graph.read_bytes()
    graph.write_bytes(b"half")
    assert registry.reload().kept == ("anna",)
    before = registry.voices["anna"]
    graph.write_bytes(content)
    assert registry.reload().broken == {}
    assert registry.voices["anna"] is before


def test_a_graph_that_fits_its_hash_but_cannot_run_is_tried_once(registry: VoiceRegistry, models: Path) -> None:
    def damage(folder: Path) -> None:
        manifest = registry.known["anna"].manifest
        (folder / "vocoder.onnx").write_bytes((folder / "postnet.onnx").read_bytes())
        graphs = manifest.model_dump(mode="json")["graphs"] | {"vocoder": manifest.graphs["postnet"].model_dump()}
        graphs["vocoder"]["file"] = "vocoder.onnx"
        change_manifest(folder, graphs=graphs)

    damage(models / "anna")
    damage(copy_voice(models, "cara"))
    report = registry.reload()
    assert (report.added, report.replaced, report.kept) == ((), (), ("anna",))
    assert report.broken.keys() == {"anna", "cara"}
    loads = registry.report().statistics.loads
    assert registry.reload().broken == report.broken
    assert registry.report().statistics.loads == loads
    with pytest.raises(VoiceError, match="'cara' is broken"):
        registry.synthesizer("cara")


def test_a_half_copied_voice_is_looked_at_again_until_it_is_complete(
    registry: VoiceRegistry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_module, "RETRY_SECONDS", 0.01)
    graph = copy_voice(models, "cara") / "vocoder.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:1000])
    assert "vocoder.onnx is damaged" in registry.reload().broken["cara"]
    graph.write_bytes(content)
    ready = threading.Event()
    while "cara" not in registry.voices:  # without another call
        ready.wait(0.01)
    assert registry.broken == {}


def test_the_end_waits_for_the_voice_that_is_opened_and_opens_no_other(
    registry: VoiceRegistry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ended in the middle would be aborted."""
    opening, may_open, opened = threading.Event(), threading.Event(), []
    open_known = registry.open_known

    def open_slowly(name: str) -> Synthesizer:
        opening.set()
        assert may_open.wait(60)
        opened.append(name)
        return open_known(name)

    monkeypatch.setattr(registry, "open_known", open_slowly)
    copy_voice(models, "bert")
    copy_voice(models, "cara")
    registry.reload_soon()
    registry.reload_soon(1000.0)
    assert opening.wait(60)
    closing = threading.Thread(target=registry.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    may_open.set()
    closing.join(60)
    assert not closing.is_alive()
    assert opened == ["bert"]
    registry.reload_soon()
    assert not [thread for thread in threading.enumerate() if thread.name == "voice-reload"]


def test_a_folder_that_does_not_change_any_more_is_not_looked_at_again(
    registry: VoiceRegistry, models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(known_voices, "SETTLING_SECONDS", -1.0)
    monkeypatch.setattr(registry, "reload_soon", lambda delay: pytest.fail("it is not being copied"))
    (copy_voice(models, "cara") / "vocoder.onnx").write_bytes(b"damaged")
    for _ in range(3):
        registry.reload()
    assert [record.levelno for record in caplog.records if "cara" in record.message] == [logging.ERROR]


def test_a_folder_that_is_missing_for_a_moment_is_not_removed(
    registry: VoiceRegistry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (models / "anna").rename(models / ".anna.old")
    monkeypatch.setattr(registry._closed, "wait", lambda seconds: (models / ".anna.old").rename(models / "anna"))
    report = registry.reload()
    assert (report.added, report.replaced, report.removed) == ((), (), ())


@pytest.mark.usefixtures("bert")
def test_a_voice_whose_replacement_was_killed_is_restored_at_the_start(models: Path) -> None:
    (models / "bert").rename(models / ".bert.old")
    (models / ".anna.old").mkdir()
    registry = registry_of(models)
    assert list(registry.known) == ["anna", "bert"]
    registry.close()


def test_without_the_folder_everything_stays(registry: VoiceRegistry, models: Path) -> None:
    hidden = models.rename(models.with_name("elsewhere"))
    with pytest.raises(ConfigurationError, match="does not exist"):
        registry.reload()
    assert list(registry.known) == ["anna"]
    hidden.rename(models)


@pytest.mark.usefixtures("bert")
def test_the_default_voice_and_aliases_follow(models: Path) -> None:
    registry = registry_of(models, models={"aliases": {"reception": "bert/female"}})
    planner = SpeechPlanner(registry)
    assert registry.default_voice == "anna"
    assert planner.resolve("reception")[0].voice.name == "bert"
    kept = registry.snapshot()
    copy_voice(models, "demo")
    shutil.rmtree(models / "bert")
    registry.reload()
    assert registry.default_voice == "demo"
    assert kept.voice().name == "anna"
    with pytest.raises(UnknownNameError):
        planner.resolve("reception")
    shutil.rmtree(models / "demo")
    registry.reload()
    assert planner.resolve(None)[0].voice.name == "anna"
    registry.close()


@pytest.mark.usefixtures("bert")
def test_without_the_configured_default_voice_the_error_names_the_others(models: Path) -> None:
    registry = registry_of(models, models={"default_voice": "bert"})
    shutil.rmtree(models / "bert")
    registry.reload()
    with pytest.raises(VoiceError, match="the default voice 'bert' is not there; name another one: anna"):
        registry.synthesizer()
    assert registry.synthesizer("anna").voice.name == "anna"
    registry.close()


def test_a_server_without_voices_is_ready_when_the_first_one_comes(tmp_path: Path) -> None:
    registry = registry_of(tmp_path)
    assert registry.state == "failed"
    copy_voice(tmp_path, "anna")
    registry.reload()
    assert registry.state == "ready"
    registry.close()


def test_each_version_is_measured_once(registry: VoiceRegistry, models: Path) -> None:
    measured = []
    registry.measure = lambda name, synthesizer: measured.append((name, synthesizer.voice.digest))
    registry.reload()
    assert measured == []
    replace_voice(models, "anna", SMALL, source={"package": "newer"})
    registry.reload()
    registry.reload()
    assert measured == [("anna", registry.known["anna"].digest)]


@pytest.mark.usefixtures("bert")
def test_a_reconfiguration_applies_to_the_requests_that_follow(
    registry: VoiceRegistry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def config(reading: str, **more: object) -> Config:
        text = {"lexicon": {"公园": reading}}
        return Config.model_validate({"models": {"path": models, **more}, "text": text})

    def readings(synthesizer: object) -> str:
        return " ".join(next(synthesizer.sentences("公园。")).symbols)

    before = registry.synthesizer("anna")
    old = readings(before)
    changed = config("gong4 yuan4", aliases={"nina": "bert"}, default_voice="bert")
    registry.check(changed)
    with monkeypatch.context() as patch:
        patch.setattr(VoiceSettings, "of", lambda config: pytest.fail("the event loop must not parse it again"))
        registry.reconfigure(changed)
    assert readings(before) == old
    assert readings(registry.synthesizer("anna")) != old
    assert (registry.default_voice, registry.aliases["nina"]) == ("bert", "bert")
    with pytest.raises(ConfigurationError, match="公园"):
        registry.check(config("gong"))
    with pytest.raises(ConfigurationError, match="nina"):
        registry.check(config("gong4 yuan4", aliases={"nina": "absent"}))


@pytest.mark.usefixtures("bert")
@pytest.mark.parametrize("poll_seconds", [0.0, 0.05])
def test_the_watcher_notices_voices(poll_seconds: float, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "RETRY_SECONDS", 60.0)
    registry = registry_of(models, models={"watch": True, "watch_poll_seconds": poll_seconds})
    registry.watch()
    pause = threading.Event()
    try:
        copy_voice(models, "cara")
        while "cara" not in registry.known:
            pause.wait(0.02)
        shutil.rmtree(models / "bert")
        while "bert" in registry.known:
            pause.wait(0.02)
        # Without watching nothing is noticed.
        registry.reconfigure(Config(models=ModelsSection(path=models)))
        assert list(registry.known) == ["anna", "cara"]
    finally:
        registry.close()


def test_watchfiles_is_loaded_only_to_watch() -> None:
    import subprocess
    import sys

    program = "import sys, server.http, server.synthesis.registry; print('watchfiles' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
