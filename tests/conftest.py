"""Shared fixtures: packages with recorded outputs of the original code, and the embedded voice."""

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import soundfile

from convert.__main__ import main as convert
from convert.conversion import convert_voice
from convert.output.manifest import write_manifest
from convert.quantization.saturation import products_saturate
from convert.quantization.variants import make_variants
from convert.source.package import find_voices
from server.audio.decoding import decoder_process
from server.config import RuntimeSection, SynthesisSection
from server.runtime.runtime import Runtime
from server.runtime.session import Session
from server.runtime.tensors import Arrays
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.sequencing import Item, SentenceSynthesizer, sequence
from server.synthesis.speaker_encoder.encoder import SpeakerEncoder
from server.synthesis.speech_plan import SpeechPlan
from server.synthesis.synthesizer import Synthesizer
from server.types import DEFAULT_STYLE, Audio, Floats, Style
from server.voices.manifest import read_manifest
from server.voices.voice import Voice

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SPEAKER_ENCODER = HERE / "convert" / "data" / "se.model"
"""A D-TDNN of the original code, reduced, with random weights."""
EMBEDDED = HERE.parent / "models" / "demo"
PACKAGES = sorted(folder.name for folder in GOLDEN.iterdir())

# No limits of time: first calls load dictionaries, and the machine may be busy. Every run tries the same examples;
# `pytest --hypothesis-profile explore` tries new ones.
UNTIMED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("steady", UNTIMED, derandomize=True)
hypothesis.settings.register_profile("explore", UNTIMED, max_examples=2000)
hypothesis.settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips 8-bit vocoders on a CPU where they are wrong: they are neither made nor used there."""
    if products_saturate():
        for item in items:
            if "[int8" in item.name or "-int8" in item.name or "several" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="needs VNNI or ARM: 8-bit products overflow on this CPU"))


for name in [name for name in os.environ if name.startswith("SAMBERT_")]:
    del os.environ[name]  # the configuration of whoever runs the tests


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """Restores the level of the root logger, which each run of the command line sets."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.fixture(scope="session", autouse=True)
def patient_with_decoders() -> Iterator[None]:
    """Recordings are decoded, however long that takes on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder_process, "END_SECONDS", 300.0)
        yield


def cpu() -> Runtime:
    return Runtime(RuntimeSection(providers=("cpu",), threads=1))


def open_voice(folder: Path, runtime: Runtime | None = None) -> Synthesizer:
    return Synthesizer(Voice(folder), runtime or cpu(), SynthesisSection())


def speak(synthesizer: Synthesizer, text: str, style: Style = DEFAULT_STYLE) -> Iterator[Audio]:
    """The chunks of a text, computed as they are iterated."""
    return SpeechPlan.for_text(synthesizer, text, style).speak()


class Items:
    """The items of a text that is known as a whole."""

    def __init__(self, items: Iterable[tuple[SentenceSynthesizer, Item]]) -> None:
        self._items = iter(items)

    async def get(self, *, wait: bool) -> tuple[SentenceSynthesizer, Item] | None:
        """The next item; never pending."""
        return next(self._items, None)


def chunks_of(synthesizer: Synthesizer, items: Iterable[Item], clock: PlaybackClock | None = None) -> Chunks[Audio]:
    """The audio of sentences and pauses, for a driver."""
    return sequence(Items((synthesizer, item) for item in items), clock or PlaybackClock())


def samples_of(chunks: Iterable[Audio]) -> Floats:
    """All samples, one after another."""
    return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all golden packages, converted."""
    models = tmp_path_factory.mktemp("models")
    for name in PACKAGES:
        for parts in find_voices(GOLDEN / name):
            convert_voice(parts, models, name, lambda step: None)
    return models


@pytest.fixture(scope="session")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with voices in all precisions: the embedded one, and a golden one without a source."""
    models = tmp_path_factory.mktemp("several")
    for parts in find_voices(GOLDEN / "noncausal_16k"):
        convert_voice(parts, models, "noncausal_16k", lambda step: None, ("fp16", "int8"))
    folder = Path(shutil.copytree(EMBEDDED, models / "demo"))
    manifest = read_manifest(folder)
    created = make_variants(folder, manifest, ("fp16", "int8"), lambda step: None)
    write_manifest(manifest.model_copy(update={"variants": created.variants}), folder)
    return models


@pytest.fixture(scope="session")
def golden(voices: Path) -> Callable[[str], Synthesizer]:
    opened: dict[str, Synthesizer] = {}

    def synthesizer(name: str) -> Synthesizer:
        if name not in opened:
            opened[name] = open_voice(voices / name)
        return opened[name]

    return synthesizer


@pytest.fixture(scope="session")
def demo() -> Synthesizer:
    """The embedded voice."""
    return open_voice(EMBEDDED)


@pytest.fixture(scope="module")
def robot() -> Synthesizer:
    """A voice whose F0 is easy to measure: low, steady, without creak; with its responses measured."""
    synthesizer = open_voice(EMBEDDED.with_name("demo-small"))
    synthesizer.warm_up()
    return synthesizer


@pytest.fixture
def decoder_steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with every step that a mel decoder computes, several in a run."""
    steps: list[str] = []
    run = Session.run

    def counted(self: Session, inputs: Arrays, *, keep_states: bool = False) -> object:
        if self.path.stem == "mel_decoder":
            batch, count = inputs["memory"].shape[:2]
            steps.extend([self.path.parent.name] * batch * count)
        return run(self, inputs, keep_states=keep_states)

    monkeypatch.setattr(Session, "run", counted)
    return steps


@pytest.fixture
def wait_for_event() -> Callable[[threading.Event], Awaitable[None]]:
    """`await wait_for_event(event)` waits for an event of another thread."""

    async def wait(event: threading.Event) -> None:
        assert await asyncio.to_thread(event.wait, 30), "the event was not set within 30 s"

    return wait


@pytest.fixture(scope="session")
def encoder_tensors() -> Mapping[str, np.ndarray]:
    """Inputs and outputs of the original speaker encoder, and a second of speech with its Kaldi filter banks."""
    with np.load(SPEAKER_ENCODER.with_name("speaker_encoder.npz")) as file:
        return dict(file)


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of voices with only a speaker encoder."""
    folder = tmp_path_factory.mktemp("models")
    assert convert(["--se-model", str(SPEAKER_ENCODER), "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> SpeakerEncoder:
    return SpeakerEncoder(cpu().open(encoder_folder / "speaker_encoder.onnx"))


@pytest.fixture(scope="session")
def recording(encoder_tensors: Mapping[str, np.ndarray]) -> Audio:
    return Audio(encoder_tensors["recording"].astype(np.float32) / 32768, 16000)


@pytest.fixture
def recording_file(recording: Audio, tmp_path: Path) -> Path:
    path = tmp_path / "me.wav"
    soundfile.write(path, recording.samples, recording.rate)
    return path
