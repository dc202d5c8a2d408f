"""Conversions in the background: one at a time, the others wait."""

import asyncio
import logging
import secrets
import shutil
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from server.errors import SpeechError
from server.http.admin.conversion_process import ConversionProcess
from server.http.admin.messages import Conversion, ConversionEnd, ConversionEvent, ConversionState, ConversionStep
from server.voices.discovery import voice_folders
from server.voices.installation import install_voice, make_staging_folder

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_QUEUED = 16
MAX_KEPT = 50
"""Finished conversions that are listed."""
QUIET_SECONDS = 15.0
"""After which those who follow the events get a sign of life."""
MAX_STEPS = 1000
"""Of one conversion that are sent again to a client that connects later."""


@dataclass(eq=False, slots=True)
class ConversionTask:
    """One conversion."""

    source: str
    arguments: tuple[str, ...]
    """Of the converter, without the output folder."""
    name: str | None
    replace: bool
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    status: ConversionState = "queued"
    voices: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    steps: "deque[str]" = field(default_factory=lambda: deque(maxlen=MAX_STEPS))
    counted: int = 0
    """Steps so far."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, when anything happens."""

    @property
    def is_finished(self) -> bool:
        """Whether its state is final."""
        return self.status not in ("queued", "running")

    @property
    def report(self) -> Conversion:
        """As clients see it."""
        return Conversion(
            id=self.id,
            source=self.source,
            name=self.name,
            status=self.status,
            step=self.steps[-1] if self.steps and not self.is_finished else None,
            voices=self.voices,
            notes=tuple(self.notes),
            error=self.error,
        )

    async def events(self) -> AsyncIterator[ConversionEvent | None]:
        """All steps so far and later, then the end; None where nothing has happened for a while."""
        sent = 0
        while True:
            changed, finished = self.changed, self.is_finished
            new, sent = self.counted - sent, self.counted
            for step in list(self.steps)[len(self.steps) - min(new, len(self.steps)) :]:
                yield ConversionStep(step=step)
            if finished:
                yield ConversionEnd(conversion=self.report)
                return
            try:
                await asyncio.wait_for(changed.wait(), QUIET_SECONDS)
            except TimeoutError:
                yield None

    def add_step(self, step: str) -> None:
        """It does something else now."""
        self.steps.append(step)
        self.counted += 1
        self.notify()

    def notify(self) -> None:
        """Wakes those who follow the events."""
        self.changed.set()
        self.changed = asyncio.Event()


class Conversions:
    """All conversions of this process."""

    def __init__(self, registry: "VoiceRegistry", models: Path) -> None:
        self._registry = registry
        self._models = models
        self._tasks: dict[str, ConversionTask] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()

    @property
    def all(self) -> tuple[Conversion, ...]:
        """The oldest one first."""
        return tuple(task.report for task in self._tasks.values())

    def get(self, identifier: str) -> ConversionTask | None:
        """One conversion."""
        return self._tasks.get(identifier)

    def start(self, task: ConversionTask) -> None:
        """Runs it when it is its turn."""
        finished = [identifier for identifier, each in self._tasks.items() if each.is_finished]
        for identifier in finished[: max(0, len(finished) - MAX_KEPT)]:
            del self._tasks[identifier]
        self._tasks[task.id] = task
        running = asyncio.create_task(self._run(task))
        self._running[task.id] = running
        running.add_done_callback(lambda _: self._running.pop(task.id, None))

    @property
    def is_full(self) -> bool:
        """Whether as many wait as may."""
        return len(self._running) > MAX_QUEUED

    async def cancel(self, task: ConversionTask) -> None:
        """Ends it, and waits for that; nothing of it remains. Without effect on a finished one."""
        if running := self._running.get(task.id):
            await _end([running])

    async def close(self) -> None:
        """Ends all of them."""
        await _end(list(self._running.values()))

    async def _run(self, task: ConversionTask) -> None:
        try:
            async with self._turn:
                task.status = "running"
                task.notify()
                task.voices = await self._convert(task)
            task.status = "done"
            log.info("converted %r: %s", task.source, ", ".join(task.voices))
        except asyncio.CancelledError:
            task.status, task.error = "cancelled", "it was cancelled; nothing was changed"
        except (SpeechError, OSError) as error:
            task.status, task.error = "failed", str(error)
            log.error("the conversion of %r failed: %s", task.source, error)
        except Exception:
            task.status, task.error = "failed", "an internal error occurred; the log of the server has the details"
            log.exception("the conversion of %r failed", task.source)
        finally:
            task.notify()

    async def _convert(self, task: ConversionTask) -> tuple[str, ...]:
        staging = asyncio.create_task(asyncio.to_thread(make_staging_folder, self._models, task.id))
        try:
            folder = await asyncio.shield(staging)
            output = folder / "output"
            arguments = (*task.arguments, "--output", str(output.absolute()))
            process = await ConversionProcess.start(arguments, folder)
            status = await process.run(task.add_step, task.notes.append)
            if status:
                raise SpeechError(process.error or f"the converter ended with status {status}")
            folders = await asyncio.to_thread(voice_folders, output) if output.is_dir() else []
            # A conversion that was cancelled has changed nothing.
            return await _uninterrupted(asyncio.to_thread(self._install, task, folders))
        finally:
            await _uninterrupted(_remove(staging))

    def _install(self, task: ConversionTask, folders: Iterable[Path]) -> tuple[str, ...]:
        names = tuple(folder.name for folder in folders)
        if existing := [name for name in names if (self._models / name).exists() and not task.replace]:
            raise SpeechError(f"there is a voice {', '.join(existing)} already; send replace: true to replace it")
        if not names:
            raise SpeechError("the source has no voice")
        for folder in folders:
            install_voice(folder, self._models)
        broken = self._registry.reload().broken
        if unusable := [f"{name}: {broken[name]}" for name in names if name in broken]:
            raise SpeechError("the voice was converted, but cannot be used: " + "; ".join(unusable))
        return names


async def _end(running: Sequence[asyncio.Task[None]]) -> None:
    for each in running:
        if not each.cancelling():  # a second cancellation would not let it clean up
            each.cancel()
    if running:
        await asyncio.wait(running)


async def _remove(staging: asyncio.Task[Path]) -> None:
    """Removes a folder that may still be being made: a thread cannot be cancelled."""
    await asyncio.to_thread(shutil.rmtree, await staging, True)


async def _uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, also where the calling task is cancelled meanwhile."""
    running = asyncio.ensure_future(work)
    while True:
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if running.cancelled():
                raise
