"""The voices in memory: within a budget, the least recently used ones leave it, and come back on demand."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Protocol

from server.errors import ShutdownError, SpeechError, VoiceMemoryError
from server.runtime.memory import memory_usage, release_unused
from server.synthesis.registry.loaded_voice import LoadedVoice
from server.synthesis.registry.report import PoolStatistics
from server.synthesis.synthesizer import Synthesizer
from server.synthesis.voice_loading import HeldVoices

log = logging.getLogger(__name__)

MIB = 2**20
MAX_MEASURED = 3
"""A measured size above this multiple of the estimate is that of something else in the process."""
COLLECT_SECONDS = 5.0
"""Between two collections of garbage while a request waits for room; each stops the process for a moment."""


class VoiceSource(Protocol):
    """Opens voices from their folders: the registry."""

    def memory_estimate(self, name: str) -> int:
        """The bytes that a voice will need. Raises `UnknownNameError` or `VoiceError` if there is no such voice."""

    def open_known(self, name: str) -> Synthesizer:
        """Opens a voice, warmed up. Raises `SpeechError`."""

    def must_stay(self, name: str) -> bool:
        """Whether a loaded voice could not come back, because its folder has changed."""


@dataclass(frozen=True, slots=True, eq=False)
class WantedVoices:
    """Voices that a request waits for."""

    names: frozenset[str]
    until: float
    """Of `time.monotonic()`."""
    voices: "Future[HeldVoices]"


class VoicePool:
    """Loaded voices by name. Thread-safe; voices are opened one at a time.

    Voices that are not loaded are opened by a thread of the pool, in the order of the requests, each once for all that
    wait for it. Without room it first unloads those that nobody uses. If that is not enough, new requests for the
    voices that were least recently used wait behind the one that needs the room, and they are unloaded when their
    streams have ended; so every voice gets its turn, whatever the load.
    """

    def __init__(self, source: VoiceSource, budget: int, wait_seconds: float) -> None:
        """`budget` is in bytes, 0 without one; `wait_seconds` is how long a request may wait for a voice."""
        self.budget = budget
        self.wait_seconds = wait_seconds
        self._source = source
        self._lock = threading.RLock()
        """Guards what follows."""
        self._opening = threading.Lock()
        """Held while a voice is opened; taken before `_lock`."""
        self._loaded: dict[str, LoadedVoice] = {}
        self._retired: list[LoadedVoice] = []
        """Versions that were replaced or removed while they were used."""
        self._wanted: list[WantedVoices] = []
        self._draining: set[str] = set()
        """Loaded voices that are about to make room: new requests wait."""
        self._unloaded: list[Synthesizer] = []
        """What `_free` destroys, which takes a while, without the lock."""
        self._measured: dict[str, int] = {}
        """Version -> measured bytes."""
        self._statistics = PoolStatistics()
        self._signals: SimpleQueue[None] = SimpleQueue()
        """For the thread: something has changed. Unlike a lock, it may be used while an object is destroyed."""
        self._thread: threading.Thread | None = None
        self._closed = False
        self._collected_at = 0.0

    @property
    def loaded(self) -> Mapping[str, LoadedVoice]:
        """The voices in memory, by name."""
        with self._lock:
            return dict(sorted(self._loaded.items()))

    @property
    def synthesizers(self) -> Mapping[str, Synthesizer]:
        """The voices in memory, by name, for reports: holding one does not count as a use."""
        with self._lock:
            return {name: self._loaded[name].synthesizer for name in sorted(self._loaded)}

    @property
    def statistics(self) -> PoolStatistics:
        """Counts since the start, and the memory now."""
        with self._lock:
            waiting = len(self._wanted)
            return replace(self._statistics, bytes=self._used(), budget=self.budget, waiting=waiting)

    def retired_uses(self, name: str) -> int:
        """The streams that use versions of a voice which were replaced or removed."""
        with self._lock:
            return sum(each.uses for each in self._retired if each.voice.name == name)

    def measured(self, version: str) -> int | None:
        """The measured bytes of a version of a voice; None before it was loaded."""
        with self._lock:
            return self._measured.get(version)

    def find(self, name: str) -> Synthesizer | None:
        """A loaded voice, for one request; None if it is not in memory, or must leave it."""
        with self._lock:
            loaded = self._loaded.get(name)
            return loaded.share() if loaded and name not in self._draining else None

    def request(self, names: Iterable[str]) -> "Future[HeldVoices]":
        """The voices, loaded together, each for one request.

        The result raises the error of opening one, `VoiceMemoryError` without room, `ShutdownError` after `close`.
        """
        voices: Future[HeldVoices] = Future()
        with self._lock:
            if self._closed:
                voices.set_exception(ShutdownError())
                return voices
            self._wanted.append(WantedVoices(frozenset(names), time.monotonic() + self.wait_seconds, voices))
            self._start_thread()
        self._signals.put(None)
        return voices

    def has_room(self, name: str) -> bool:
        """Whether a voice fits without unloading another one."""
        with self._lock:
            return not self.budget or self._used() + self._source.memory_estimate(name) <= self.budget

    def load(self, name: str) -> None:
        """Opens a voice in the calling thread, in place of an older version, and without regard to the budget.

        Raises `SpeechError`; an older version then stays.
        """
        with self._opening:
            self._open(name)
        self._free()

    def remove(self, name: str) -> None:
        """Unloads a voice as soon as nobody uses it; no new request gets it."""
        with self._lock:
            self._retire(name)
        self._free()

    def unload_idle(self, seconds: float) -> int:
        """Unloads the voices that nobody has used for `seconds`; returns how many."""
        limit = time.monotonic() - seconds
        with self._lock:
            idle = [name for name in self._idle() if self._loaded[name].last_used <= limit]
            self._evict(idle)
        if idle:
            self._free()
            log.info("unloaded %s, idle for %g s", ", ".join(idle), seconds)
        return len(idle)

    def configure(self, change: Callable[[Synthesizer], Synthesizer]) -> None:
        """Replaces every loaded voice by another view of its graphs, for the requests that follow."""
        with self._lock:
            for loaded in self._loaded.values():
                loaded.synthesizer = change(loaded.synthesizer)

    def resize(self, budget: int, wait_seconds: float) -> None:
        """Changes the budget, in bytes, and how long requests wait. Voices beyond it leave memory when they can.

        Returns at once: the thread of the pool destroys them.
        """
        with self._lock:
            self.budget, self.wait_seconds = budget, wait_seconds
            if budget:
                self._make_room(0, keep=())
            if self._unloaded:
                self._start_thread()
        self._signals.put(None)

    def close(self) -> None:
        """Ends the thread after the voice that it opens, and fails the requests that wait."""
        with self._lock:
            self._closed = True
            wanted, self._wanted = self._wanted, []
            thread = self._thread
        for each in wanted:
            _fail(each, ShutdownError())
        self._signals.put(None)
        if thread:
            thread.join()

    def _start_thread(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._work, name="voice-loader", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while not self._closed:
            try:
                seconds = self._serve()
            except Exception:
                log.exception("loading voices failed")
                seconds = 1.0
            with suppress(Empty):
                self._signals.get(timeout=seconds)
                while True:
                    self._signals.get_nowait()

    def _serve(self) -> float | None:
        """Answers requests until one has to wait. Returns in how many seconds its time is over, None without one."""
        while not self._closed:
            with self._opening:
                name, seconds = self._next()
                self._free()
                if name is None and seconds is not None and self._collect():
                    continue
                if name is None:
                    return None if seconds is None else min(seconds, COLLECT_SECONDS)
                try:
                    self._open(name)
                except Exception as error:
                    if not isinstance(error, SpeechError):
                        log.exception("voice %s cannot be loaded", name)
                    self._fail_all(name, error)
        return None

    def _collect(self) -> bool:
        """Whether garbage was collected: a stream that failed can be part of it, with the voice that it has used."""
        now = time.monotonic()
        if now - self._collected_at < COLLECT_SECONDS:
            return False
        self._collected_at = now
        return gc.collect() > 0

    def _next(self) -> tuple[str | None, float | None]:
        """The voice to be opened, for which there is room; None and the seconds to wait where there is none."""
        with self._lock:
            self._answer()
            while self._wanted:
                first = self._wanted[0]
                name = min(first.names - self._loaded.keys())
                try:
                    if self._make_room(self._source.memory_estimate(name), keep=first.names):
                        return name, None
                except SpeechError as error:
                    self._fail_all(name, error)
                    self._answer()
                else:
                    return None, max(0.0, min(each.until for each in self._wanted) - time.monotonic())
            return None, None

    def _open(self, name: str) -> None:
        """Needs `_opening`. Raises `SpeechError`."""
        estimate, quiet, before = self._source.memory_estimate(name), self._is_quiet(), memory_usage().current
        synthesizer = self._source.open_known(name)
        release_unused()
        growth = (memory_usage().current - before) * MIB
        with self._lock:
            # The first voice comes with the dictionaries; beside running streams the growth is not its own.
            if quiet and self._statistics.loads and self._is_quiet() and estimate < growth <= MAX_MEASURED * estimate:
                self._measured[synthesizer.voice.digest] = growth
            self._retire(name)
            memory = self._measured.get(synthesizer.voice.digest, estimate)
            self._loaded[name] = LoadedVoice(synthesizer, memory, self._on_release)
            self._statistics = replace(self._statistics, loads=self._statistics.loads + 1)
            log.debug("voice %s is loaded: estimated %d MiB, grew %d MiB", name, estimate // MIB, growth // MIB)

    def _is_quiet(self) -> bool:
        with self._lock:
            return not any(each.uses for each in (*self._loaded.values(), *self._retired))

    def _on_release(self) -> None:
        if self._thread is not None:
            self._signals.put(None)

    def _answer(self) -> None:
        """Gives voices to the requests whose voices are all there, and drops those that nobody waits for any more."""
        now = time.monotonic()
        waiting: list[WantedVoices] = []
        for each in self._wanted:
            if each.voices.cancelled():
                continue
            if not waiting:
                self._draining -= each.names  # it is its turn
            if each.names <= self._loaded.keys() - self._draining:
                if each.voices.set_running_or_notify_cancel():
                    each.voices.set_result({name: self._loaded[name].share() for name in each.names})
            elif each.until <= now:
                _fail(each, self._no_room(each.names))
            else:
                waiting.append(each)
        self._wanted = waiting
        self._draining.intersection_update(self._loaded if waiting else ())

    def _no_room(self, names: Collection[str]) -> VoiceMemoryError:
        listed, speaking = ", ".join(sorted(names)), sorted(name for name, each in self._loaded.items() if each.uses)
        return VoiceMemoryError(
            f"voice {listed} is not in memory, and there is no room for it in models.memory_budget_mb "
            f"({self.budget // MIB} MiB) while others speak ({', '.join(speaking) or 'none'}); send the request again "
            "later, or raise the budget",
            retry_after=5,
        )

    def _fail_all(self, name: str, error: Exception) -> None:
        with self._lock:
            failed = [each for each in self._wanted if name in each.names]
            self._wanted = [each for each in self._wanted if name not in each.names]
        for each in failed:
            _fail(each, error)

    def _used(self) -> int:
        self._forget_retired()
        return sum(each.memory for each in (*self._loaded.values(), *self._retired))

    def _forget_retired(self) -> None:
        self._retired = [each for each in self._retired if each.uses]

    def _free(self) -> None:
        """Destroys what was unloaded, and returns its memory to the system; so streams that ended meanwhile do, too."""
        with self._lock:
            speaking = len(self._retired)
            self._forget_retired()
            unloaded, self._unloaded = self._unloaded, []
        if unloaded or len(self._retired) < speaking:
            unloaded.clear()
            release_unused()

    def _make_room(self, needed: int, keep: Collection[str]) -> bool:
        """Whether `needed` bytes are free, after unloading what nobody uses. Else voices in use are chosen to drain.

        Raises `VoiceMemoryError` if the budget is smaller.
        """
        if not self.budget:
            return True
        kept = sum(self._loaded[name].memory for name in keep if name in self._loaded)
        if kept + needed > self.budget:
            raise VoiceMemoryError(
                f"the voices of this request need {(kept + needed) // MIB} MiB; models.memory_budget_mb is "
                f"{self.budget // MIB}: raise it"
            )
        idle = [name for name in self._idle() if name not in keep]
        while idle and self._used() + needed > self.budget:
            self._evict([idle.pop(0)])
        missing = self._used() + needed - self.budget
        self._drain(missing, keep)
        return missing <= 0

    def _drain(self, missing: int, keep: Collection[str]) -> None:
        """Chooses the voices that leave memory with their last stream; those that were chosen before come first."""
        before = {name: name not in self._draining for name in self._loaded}
        self._draining.clear()
        for name in sorted(self._least_recently_used(), key=before.__getitem__):
            if missing > 0 and name not in keep and not self._source.must_stay(name):
                self._draining.add(name)
                missing -= self._loaded[name].memory

    def _least_recently_used(self) -> list[str]:
        return sorted(self._loaded, key=lambda name: self._loaded[name].last_used)

    def _idle(self) -> list[str]:
        """The voices that can be unloaded, the least recently used one first."""
        return [
            name
            for name in self._least_recently_used()
            if not self._loaded[name].uses and not self._source.must_stay(name)
        ]

    def _evict(self, names: Collection[str]) -> None:
        for name in names:
            self._retire(name)
        self._statistics = replace(self._statistics, evictions=self._statistics.evictions + len(names))

    def _retire(self, name: str) -> None:
        if loaded := self._loaded.pop(name, None):
            self._unloaded.append(loaded.retire())
            if loaded.uses:
                self._retired.append(loaded)
                self._start_thread()


def _fail(wanted: WantedVoices, error: Exception) -> None:
    if wanted.voices.set_running_or_notify_cancel():
        wanted.voices.set_exception(error)
