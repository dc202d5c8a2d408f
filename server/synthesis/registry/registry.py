"""The voices of the server by name: known, loaded on demand, replaced while they speak."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Literal

from server.config import Config
from server.errors import ConfigurationError, SpeechError, VoiceError
from server.runtime.memory import release_unused
from server.runtime.precision import PrecisionChoice
from server.runtime.runtime import Runtime
from server.synthesis.calibration.calibration import Calibration
from server.synthesis.reference.comparisons import Comparisons
from server.synthesis.registry.known_voices import KnownVoices
from server.synthesis.registry.pool import MIB, VoicePool
from server.synthesis.registry.report import RegistryReport, ReloadReport, VoiceReport
from server.synthesis.registry.settings import VoiceSettings
from server.synthesis.registry.snapshot import VoiceSnapshot
from server.synthesis.registry.watcher import VoiceWatcher
from server.synthesis.synthesizer import Synthesizer
from server.synthesis.voice_loading import VoiceNotLoadedError, held_voices
from server.voices.catalog import open_voice_folder
from server.voices.discovery import default_name, voice_folder
from server.voices.installation import restore_interrupted
from server.voices.voice import Voice

log = logging.getLogger(__name__)

GRAPH_BYTES = 5 * MIB // 2
BYTES_PER_GRAPH_BYTE = 1.25
"""The memory of a graph: what its session needs without weights, and its packed weights. Measured with ONNX Runtime
1.2x on CPUs; the size that a voice really adds is measured when it is loaded."""
RETRY_SECONDS = 2.0
"""Between two looks at a folder that may still be copied."""


class VoiceRegistry:
    """All voices of the configured folder. Empty until `load`, which takes seconds and blocks.

    What it gives out is for one request, which keeps the version that it got. Thread-safe. Raises `ConfigurationError`
    for an invalid lexicon or alias.
    """

    def __init__(self, config: Config, runtime: Runtime | None = None) -> None:
        self.runtime = runtime or Runtime(config.runtime, max_batch=config.scheduler.max_batch)
        self.comparisons = Comparisons(self.runtime, config.storage.path / "profiles")
        self.state: Literal["loading", "ready", "failed"] = "loading"
        self.measure: Callable[[str, Synthesizer], None] | None = None
        """Called with each version of a voice before its first request, once `load` is over."""
        self._settings = self._checked = VoiceSettings.of(config)
        self._pool = VoicePool(self, config.models.memory_budget_mb * MIB, config.models.memory_wait)
        self._known = KnownVoices()
        self._calibrations: dict[str, Calibration] = {}
        """Version -> what was measured, the cost included."""
        self._reloading = threading.Lock()
        self._scheduling = threading.Lock()
        """Guards what follows."""
        self._scheduled: set[float] = set()
        """Delays of the looks at the folder that have not begun."""
        self._threads: set[threading.Thread] = set()
        """Of all looks at the folder that have not ended."""
        self._closed = threading.Event()
        self._watcher = VoiceWatcher(self.reload_soon)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias -> voice, `voice/speaker`, or a speaker of the default voice."""
        return self._settings.aliases

    @property
    def known(self) -> Mapping[str, Voice]:
        """The voices that can speak, in memory or not, by name."""
        return self._known.voices

    @property
    def voices(self) -> Mapping[str, Synthesizer]:
        """The voices in memory, by name."""
        return self._pool.synthesizers

    @property
    def broken(self) -> Mapping[str, str]:
        """Folder name -> why the voice cannot be used."""
        return self._known.broken

    @property
    def default_voice(self) -> str | None:
        """The configured voice, else `demo`, else the first one; None before `load` and without voices."""
        return self._settings.config.models.default_voice or default_name(self.known) or None

    def load(self) -> None:
        """Verifies every voice of the configured folder, and opens those that fit into the memory budget.

        A broken one is logged and kept in `broken`. Raises `ConfigurationError` without the folder.
        """
        try:
            if restored := restore_interrupted(self._settings.config.models.path):
                log.warning("restored %s: the server was killed while it was replaced", ", ".join(restored))
            self._reload()
        finally:
            release_unused()
            self.state = "ready" if self.known else "failed"

    def voice(self, name: str | None = None) -> Voice:
        """The voice of that name, or the default one. Raises `UnknownNameError`, or `VoiceError` for a broken one."""
        return self._known.voice(name, self.default_voice)

    def synthesizer(self, name: str | None = None) -> Synthesizer:
        """The voice of that name, or the default one, for one request.

        Where it is not in memory, this waits for seconds until it is; within `with_voices` it does not.

        Raises `UnknownNameError`, `VoiceError` for a broken voice, and `VoiceMemoryError` where there is no room.
        """
        name = self.voice(name).name
        held = held_voices()
        if held and name in held:
            return held[name]
        if found := self._pool.find(name):
            return found
        if held is not None:
            raise VoiceNotLoadedError(name, self._pool.request)
        return self._pool.request([name]).result()[name]

    def snapshot(self) -> VoiceSnapshot:
        """The names as they are now, for one request."""
        settings = self._settings
        return VoiceSnapshot(settings.aliases, self.default_voice, self.voice, self.synthesizer, self.sample_rates())

    def sample_rates(self) -> dict[str, int]:
        """Hz, of every working voice, by name."""
        return {name: voice.rate for name, voice in self.known.items()}

    def open(self, name: str | None = None) -> Synthesizer:
        """Opens one voice, without the others."""
        config = self._settings.config
        folder = voice_folder(config, name)
        return self._open(open_voice_folder(folder, config.runtime.precision))

    def unload_idle(self) -> None:
        """Unloads voices that were idle for the configured time; the next request loads them again."""
        if seconds := self._settings.config.runtime.unload_after:
            self._pool.unload_idle(seconds)

    def device_report(self) -> dict[str, object]:
        """The active provider, the reason of a fallback, and each voice's precision with its reason."""
        precision = {name: asdict(self.precision(voice)) for name, voice in self.known.items()}
        return {"provider": self.runtime.provider, "fallback": self.runtime.fallback_reason, "precision": precision}

    @property
    def provider(self) -> str:
        """The active provider. Raises `DeviceError` if all have failed."""
        return self.runtime.provider

    def precision(self, voice: Voice) -> PrecisionChoice:
        """The precision that a voice runs in on the active provider, and why."""
        return self.runtime.precision(voice.precisions)

    def report(self) -> RegistryReport:
        """The state of all voices."""
        loaded = self._pool.loaded
        voices = [
            VoiceReport(
                name,
                "loaded" if name in loaded else "unloaded",
                voice.digest,
                loaded[name].memory if name in loaded else self._memory_estimate(voice),
                self._pool.retired_uses(name) + (loaded[name].uses if name in loaded else 0),
                self._known.kept.get(name),
            )
            for name, voice in self.known.items()
        ]
        broken = [VoiceReport(name, "broken", problem=reason) for name, reason in self.broken.items()]
        return RegistryReport(self._pool.statistics, (*voices, *broken))

    def watch(self) -> None:
        """Begins to watch the folder, if that is configured."""
        self._watcher.start(self._settings.config.models)

    def check(self, config: Config) -> None:
        """Raises `ConfigurationError` for a configuration that `reconfigure` cannot take over. Reads the folder."""
        self._checked = VoiceSettings.of(config)

    def reconfigure(self, config: Config) -> None:
        """Takes over the settings of voices and of texts, for the requests that follow; looks at the folder again.

        Returns at once if `config` was checked before.
        """
        try:
            settings = self._checked if self._checked.config is config else VoiceSettings.of(config)
        except ConfigurationError as error:
            log.error("the settings of voices stay as they were: %s", error)
            return
        self._settings = settings
        self._pool.configure(settings.apply)
        self._pool.resize(config.models.memory_budget_mb * MIB, config.models.memory_wait)
        self._watcher.update(config.models)
        self.reload_soon()

    def reload_soon(self, delay: float = 0.0) -> None:
        """Looks at the folder in another thread."""
        with self._scheduling:
            if delay in self._scheduled or self._closed.is_set():
                return
            self._scheduled.add(delay)
            thread = threading.Thread(target=self._reload_later, args=(delay,), name="voice-reload", daemon=True)
            self._threads.add(thread)
            thread.start()

    def reload(self) -> ReloadReport:
        """Looks at the folder now: takes added and replaced voices into service, and removed ones out of it.

        Blocks until the new voices are open. Streams keep the version that they began with. A folder that cannot be
        used (yet) leaves its old voice in service, and is looked at again while it still changes.

        Raises `ConfigurationError` without the folder; the voices in memory then stay.
        """
        report = self._reload()
        if self.state == "failed" and self.known:
            self.state = "ready"
        if any(self._known.is_settling(name) for name in report.broken):
            self.reload_soon(RETRY_SECONDS)
        return report

    def close(self) -> None:
        """Ends the threads after the voices that they open, and fails the requests that wait for a voice. Blocks.

        A process that ended while a thread is in ONNX Runtime would be aborted.
        """
        with self._scheduling:
            self._closed.set()
            threads = tuple(self._threads)
        self._watcher.stop()
        self._pool.close()
        for thread in threads:
            thread.join()

    def memory_estimate(self, name: str) -> int:
        """For the pool: the bytes that a voice needs. Raises what `voice` raises."""
        return self._memory_estimate(self.voice(name))

    def open_known(self, name: str) -> Synthesizer:
        """For the pool: opens what the folder of a voice holds now. Raises `SpeechError`."""
        try:
            voice = self._known.current(name, self._settings.config.runtime.precision)
            synthesizer = self._open(voice)
        except SpeechError as error:
            self._known.fail(name, str(error), in_memory=name in self._pool.loaded)
            raise
        except Exception as error:
            log.exception("voice %s cannot be opened", name)
            reason = f"its graphs do not fit each other ({type(error).__name__}: {error}); convert the voice again"
            self._known.fail(name, reason, in_memory=name in self._pool.loaded)
            raise VoiceError(f"voice {name!r}: {reason}") from error
        self._known.use(name, voice)
        return synthesizer

    def must_stay(self, name: str) -> bool:
        """For the pool: whether a loaded voice could not come back."""
        return name in self._known.kept

    def _memory_estimate(self, voice: Voice) -> int:
        """In bytes, as measured or by the size of its graphs."""
        if measured := self._pool.measured(voice.digest):
            return measured
        graph_bytes = voice.graph_bytes(self.precision(voice).precision)
        return round(GRAPH_BYTES * len(voice.manifest.graphs) + BYTES_PER_GRAPH_BYTE * graph_bytes)

    def _open(self, voice: Voice) -> Synthesizer:
        settings = self._settings
        text = settings.config.text
        synthesizer = Synthesizer(
            voice, self.runtime, settings.config.synthesis, settings.lexicon, text.emoji, self.comparisons
        )
        known = self._calibrations.get(voice.digest)
        synthesizer.warm_up(known)
        if known is None:
            if self.measure:
                self.measure(voice.name, synthesizer)
            self._calibrations[voice.digest] = synthesizer.calibration
        return synthesizer

    def _reload(self) -> ReloadReport:
        with self._reloading:
            config = self._settings.config
            found = self._known.look(config.models.path, config.runtime.precision, self._closed.wait)
            for name in found.removed:
                self._known.remove(name)
                self._pool.remove(name)
            for name, reason in found.unusable.items():
                self._known.fail(name, reason, in_memory=name in self._pool.loaded)
            for name in found.added:
                self._known.add(name)
            for name in sorted(found.added, key=lambda name: name != self.default_voice):
                self._take(name)
            for name in found.replaced:
                self._take(name)
        known = self._known
        report = ReloadReport(
            added=tuple(name for name in found.added if name in known.voices),
            replaced=tuple(name for name in found.replaced if name in known.voices and name not in known.kept),
            removed=found.removed,
            broken={**known.broken, **known.kept},
            kept=tuple(known.kept),
        )
        if self.state == "ready" and any(_changes(report)):
            log.info("voices added: %s; replaced: %s; removed: %s", *map(_listed, _changes(report)))
        return report

    def _take(self, name: str) -> None:
        """Opens an added or replaced voice if there is room; else its next request does."""
        if self._closed.is_set():
            return
        if not self._pool.has_room(name):
            self._known.add(name)
            self._pool.remove(name)
            return
        with suppress(SpeechError):  # listed as broken, and logged
            self._pool.load(name)

    def _reload_later(self, delay: float) -> None:
        stopped = self._closed.wait(delay)
        with self._scheduling:
            self._scheduled.discard(delay)
        try:
            if not stopped:
                self.reload()
        except SpeechError as error:
            log.error("the voices stay as they were: %s", error)
        except Exception:
            log.exception("looking for new voices failed")
        finally:
            with self._scheduling:
                self._threads.discard(threading.current_thread())


def _changes(report: ReloadReport) -> tuple[tuple[str, ...], ...]:
    return report.added, report.replaced, report.removed


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
