"""A server on a real socket, and a small synthesizer whose chunks are counted and can be blocked."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from server.config import Config
from server.errors import NothingToSpeakError, UnknownNameError, VoiceError
from server.http import create_app
from server.runtime.precision import PrecisionChoice
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.registry.report import PoolStatistics, RegistryReport, VoiceReport
from server.text.frontend import FrontEnd
from server.text.markup.script import Script
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables
from server.text.wording import Wording
from server.types import Audio, SentenceTiming, Style, Units
from server.voices.manifest import FORMAT
from server.voices.voice import Voice

RATE = 16000


class CountingSynthesizer:
    """Yields one constant chunk for each character. Its requests and progress can be read from outside."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.sentence_silence = 0.0
        self.settings: Mapping[str, object] = {}
        """What of the configuration changes its audio."""
        self.requests: list[tuple[str, str, str, Style]] = []
        self.computed = 0
        self.closed = threading.Event()
        self.samples_per_chunk = 160
        self.fails_after: tuple[int, Exception] | None = None
        self.permits: threading.Semaphore | None = None
        """If set, every chunk waits for one."""

    @property
    def rate(self) -> int:
        return self.voice.rate

    def sentences(self, script: Script, *, speaker: str, emotion: str, wording: Wording) -> Iterator[Sentence]:
        text = script.text
        if not any(character.isalnum() for character in text):
            raise NothingToSpeakError
        self._names = speaker, emotion
        nothing = np.zeros(0, np.int64)
        units = Units(nothing, nothing, nothing)
        styles = (script.styles[0].style,)
        yield Sentence(text, text, (), (), (), (), (), "", units, (), (), styles)

    def front_end(self, wording: Wording) -> FrontEnd:
        return FrontEnd(UnitTables(self.voice.manifest))

    async def probe(self, clock: PlaybackClock) -> Chunks[Audio]:
        for chunk in ():
            yield chunk

    async def prepare(self, sentence: Sentence, clock: PlaybackClock, seed: int) -> Chunks[Audio]:
        self.requests.append((sentence.text, *self._names, *sentence.unit_styles))
        return self._chunks(sentence.text, clock)

    async def predict_times(self, sentence: Sentence) -> SentenceTiming:
        samples = self.samples_per_chunk * len(sentence.text)
        return SentenceTiming(sentence.text, 0, len(sentence.text), 0, samples, self.rate, ())

    async def _chunks(self, text: str, clock: PlaybackClock) -> Chunks[Audio]:
        try:
            for number in range(len(text)):
                if self.permits is not None:
                    self.permits.acquire()
                if self.fails_after is not None and number == self.fails_after[0]:
                    raise self.fails_after[1]
                clock.push(self.samples_per_chunk / RATE)
                self.computed += 1  # last: those who wait for it may look at the clock
                yield self.chunk(number)
        finally:
            self.closed.set()

    def chunk(self, number: int) -> Audio:
        return Audio(np.full(self.samples_per_chunk, (number % 100 + 1) / 200, np.float32), self.voice.rate)


class FakeRegistry:
    """Two working voices and a broken one. `load` can be blocked, and can fail."""

    def __init__(self, voices: Mapping[str, CountingSynthesizer]) -> None:
        self.voices = voices
        self.broken = {"cracked": "models/cracked/decoder.onnx is damaged"}
        self.state = "loading"
        self.may_load = threading.Event()
        self.may_load.set()
        self.load_error: Exception | None = None
        self.default_voice = "demo"
        self.aliases = {"alloy": "female", "lena": "M7", "backup": "second", "mike": "second/M7", "ruin": "cracked"}
        self.runtime = SimpleNamespace(failed_providers={"cuda": "libcudart.so.13 is missing"})
        self.fallback: str | None = "CUDA is not there: libcudart.so.13 is missing"
        self.provider = "cpu"
        self.precisions: dict[str, str] = {}
        self.forgotten: list[str] = []
        self.measured: list[tuple[str, str]] = []
        profiles = SimpleNamespace(prepare=lambda voice, name: self.measured.append((voice.voice.name, name)))
        self.comparisons = SimpleNamespace(forget_recording=self.forgotten.append, profiles=profiles)

    @property
    def known(self) -> Mapping[str, Voice]:
        return {name: synthesizer.voice for name, synthesizer in self.voices.items()}

    def voice(self, name: str | None = None) -> Voice:
        return self.synthesizer(name).voice

    def snapshot(self) -> "FakeRegistry":
        return self

    def check(self, config: Config) -> None:
        """Accepts every configuration."""

    def reconfigure(self, config: Config) -> None:
        """Takes nothing over."""

    def report(self) -> RegistryReport:
        voices = [VoiceReport(name, "loaded", voice.digest) for name, voice in self.known.items()]
        return RegistryReport(PoolStatistics(), tuple(voices))

    def watch(self) -> None:
        """There is no folder."""

    def close(self) -> None:
        """There are no threads."""

    def load(self) -> None:
        self.may_load.wait()
        if self.load_error is not None:
            self.state = "failed"
            raise self.load_error
        self.state = "ready"

    def synthesizer(self, name: str | None = None) -> CountingSynthesizer:
        if name is None:
            name = self.default_voice
        if name in self.broken:
            raise VoiceError(f"voice {name!r} is broken: {self.broken[name]}")
        if name not in self.voices:
            raise UnknownNameError("voice", name, self.voices)
        return self.voices[name]

    def unload_idle(self) -> None:
        """Never unloads anything."""

    def sample_rates(self) -> Mapping[str, int]:
        return {name: synthesizer.rate for name, synthesizer in self.voices.items()}

    def precision(self, voice: Voice) -> PrecisionChoice:
        return PrecisionChoice(self.precisions.get(voice.name, "int8"), "this CPU has AVX-512 VNNI")

    def device_report(self) -> Mapping[str, object]:
        precision = {"precision": "int8", "reason": "this CPU has AVX-512 VNNI"}
        return {"provider": "cpu", "fallback": self.fallback, "precision": dict.fromkeys(self.voices, precision)}


def write_voice(folder: Path, name: str) -> Voice:
    folder.mkdir()
    manifest = {
        "format": FORMAT, "name": name, "language": "zh-CN", "sample_rate": RATE, "precision": "fp32",
        "speakers": ["F7", "M7"], "emotions": ["emotion_neutral", "emotion_happy"], "graphs": {},
        "source": {"license": f"of {name}"},
        "units": {"kind": "phones", "specials": ["_", "~"], "longest": 100},
        "acoustic": {"mel_channels": 80, "frames_per_step": 3, "f0": None, "speaker_embedding": None},
        "vocoder": {"samples_per_frame": 200, "harmonics": 0},
    }  # fmt: skip
    (folder / "voice.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return Voice(folder)


@pytest.fixture
def registry(tmp_path):
    return FakeRegistry({name: CountingSynthesizer(write_voice(tmp_path / name, name)) for name in ("demo", "second")})


@pytest.fixture
def demo(registry):
    """The default voice."""
    return registry.voices["demo"]


@pytest.fixture
def serving(registry, tmp_path):
    """`async with serving() as client`: the application on a real socket; by default with its voices loaded.

    Without a cache, so that equal requests are computed. What it keeps is in a folder of the test.
    """

    @asynccontextmanager
    async def start(
        *,
        until_ready: bool = True,
        workers: int = 2,
        max_streams: int = 0,
        max_characters: int = 10000,
        cache: Mapping[str, object] = {"memory_mb": 0},
        **sections: object,
    ):
        content = {
            "scheduler": {"workers": workers, "max_streams": max_streams},
            "synthesis": {"max_characters": max_characters},
            "cache": cache,
            "storage": {"path": tmp_path / "data"},
            **sections,
        }
        app = create_app(registry, Config.model_validate(content))
        async with TestClient(TestServer(app)) as client:
            while until_ready and (await client.get("/ready")).status != 200:
                await asyncio.sleep(0.001)
            yield client

    return start
