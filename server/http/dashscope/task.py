"""One task: a text that is spoken once, with the events and the audio that its client receives."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from server.audio.encoders import OutputFormat, create_encoder
from server.config import Config
from server.errors import RequestError, UnknownNameError
from server.http.dashscope import events
from server.http.dashscope.errors import UnknownModelError
from server.http.dashscope.events import Event
from server.http.dashscope.frames import Frame, encode_frames
from server.http.dashscope.messages import Input, RunTask
from server.http.dashscope.parameters import Parameters, voice_of_model
from server.http.dashscope.results import PiecesResults, Results, WholeTextResults
from server.http.dashscope.usage import Usage
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.multi_voice import SpeechPlanner
from server.synthesis.options import SpeechOptions
from server.synthesis.speech_input import SpeechInput
from server.text.markdown import MarkdownFilter
from server.types import Audio

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

SECONDS_PER_CHARACTER = 0.2
"""A guess at the duration of a text."""
SECONDS_OF_PIECES = 20.0
"""A guess at the duration of a text that is not known yet."""
SAMBERT_FORMAT = OutputFormat("wav", 16000)
COSYVOICE_FORMAT = OutputFormat("mp3", 22050)
"""The defaults of the cloud, which clients rely on."""

Send: TypeAlias = Callable[[Event | bytes], Awaitable[None]]
Planned = TypeVar("Planned")


class Speech(Protocol):
    """What a task speaks: a `SpeechPlan` or a `SpeechInput`."""

    rate: int
    """Hz"""
    seed: int | None

    @property
    def main_voice(self) -> str:
        """Its cost is assumed for the whole text."""

    def audio(self, clock: PlaybackClock) -> Chunks[Audio]:
        """The audio in chunks."""


class SpeechTask:
    """A running task, whose text is whole. It computes until `speak` has sent everything, or it is closed."""

    takes_text = False
    """Whether the client may still send text."""

    def __init__(self, task_id: str, chunks: ChunkStream[Frame], results: Results, usage: Usage) -> None:
        self.id = task_id
        self._chunks = chunks
        self._results = results
        self._usage = usage

    async def append(self, received: Input) -> None:
        """Takes text. Raises `RequestError` where it is wrong, or the task takes none."""
        raise RequestError("continue-task: the text of this task was whole (header.streaming is out); run a new task")

    async def finish(self, received: Input) -> None:
        """Takes the rest of the text. Raises `RequestError` as `append` does."""
        raise RequestError("finish-task: the text of this task was whole (header.streaming is out); wait for its end")

    async def speak(self, send: Send) -> Event:
        """Sends audio and events; returns the last event. Raises the error that ends the task."""
        with self._chunks:
            async for frame in self._chunks:
                for message in self._results.of(frame):
                    await send(message)
        for message in self._results.end():
            await send(message)
        return self.finished()

    def finished(self) -> Event:
        """The event that ends the task, also where it was cancelled."""
        return events.task_finished(self.id, self._results.output, self._usage.characters)

    def close(self) -> None:
        """Stops the computing within a chunk."""
        self._chunks.cancel()


class PiecesTask(SpeechTask):
    """A running task whose text comes in pieces."""

    takes_text = True

    def __init__(
        self,
        task_id: str,
        chunks: ChunkStream[Frame],
        results: Results,
        usage: Usage,
        speech: SpeechInput,
        *,
        filters_markdown: bool,
    ) -> None:
        super().__init__(task_id, chunks, results, usage)
        self._speech = speech
        self._markdown = MarkdownFilter() if filters_markdown else None

    async def append(self, received: Input) -> None:
        """Takes a piece of the text, and speaks all of it so far if it is flushed."""
        if received.text is None and not received.flush:
            raise RequestError("continue-task: payload.input has neither text nor flush")
        self._require_open("continue-task")
        await asyncio.to_thread(self._append, received.text or "", flush=received.flush)

    async def finish(self, received: Input) -> None:
        """Takes the rest of the text."""
        self._require_open("finish-task")
        self.takes_text = False
        await asyncio.to_thread(self._append, received.text or "", flush=True)
        self._speech.finish()

    def _require_open(self, action: str) -> None:
        if not self.takes_text:
            raise RequestError(f"{action}: the text of this task was finished; run a new task")

    def _append(self, text: str, *, flush: bool) -> None:
        """In a thread: sentences are looked for here."""
        self._usage.add(text)
        if self._markdown:
            text = self._markdown.append(text)
        if self._markdown and flush:
            text += self._markdown.finish()
            self._markdown = MarkdownFilter()
        self._speech.append(text)
        if flush:
            self._speech.flush()


@dataclass(frozen=True, slots=True)
class _Request:
    """What a task is to speak, and how."""

    task_id: str
    model: str
    parameters: Parameters
    options: SpeechOptions
    output: OutputFormat
    warnings: tuple[str, ...]


class TaskStarter:
    """Starts tasks: resolves the voice, plans the text and opens the stream."""

    def __init__(self, registry: "VoiceRegistry", streams: ActiveStreams, config: Config) -> None:
        limit = config.synthesis.max_characters
        self._planner = SpeechPlanner(registry, inline_markup=config.text.marks, max_characters=limit)
        self._registry = registry
        self._streams = streams
        self._label = config.label

    async def start(self, message: RunTask) -> tuple[SpeechTask, tuple[str, ...]]:
        """The task and what has no effect in it. Raises `RequestError`, `BusyError` or `VoiceError`."""
        in_pieces = message.header.streaming == "duplex"
        request = self._request(message, COSYVOICE_FORMAT if in_pieces else SAMBERT_FORMAT)
        task = await (self._start_pieces(request) if in_pieces else self._start_whole(request, message.payload.input))
        return task, request.warnings

    def _request(self, message: RunTask, default: OutputFormat) -> _Request:
        task_id, model = message.header.task_id, message.payload.model
        parameters = Parameters.parse(message.payload.parameters)
        options = SpeechOptions(
            parameters.voice or self._voice_of(model),
            style=parameters.style,
            wording=parameters.hot_fix.wording,
            seed=parameters.seed or None,
        )
        output = parameters.output_format(default, parameters.label(self._label, task_id))
        return _Request(task_id, model, parameters, options, output, tuple(parameters.warnings()))

    async def _start_whole(self, request: _Request, received: Input) -> SpeechTask:
        if not received.text:
            raise RequestError("payload.input.text is missing or empty; with streaming out, send the whole text")
        text = received.text
        if request.parameters.enable_markdown_filter:
            markdown = MarkdownFilter()
            text = markdown.append(text) + markdown.finish()
        plan = await self._plan(request, lambda options: self._planner.plan_text(text, options))
        seconds = len(text) * SECONDS_PER_CHARACTER / request.parameters.rate
        usage = Usage()
        usage.add(received.text)
        results = WholeTextResults(request.task_id, **request.parameters.times)
        return SpeechTask(request.task_id, self._open(plan, request.output, seconds), results, usage)

    async def _start_pieces(self, request: _Request) -> SpeechTask:
        speech = await self._plan(request, lambda options: self._planner.open_input(options, early=True))
        chunks = self._open(speech, request.output, SECONDS_OF_PIECES)
        results = PiecesResults(request.task_id, **request.parameters.times)
        filters_markdown = request.parameters.enable_markdown_filter
        return PiecesTask(request.task_id, chunks, results, Usage(), speech, filters_markdown=filters_markdown)

    async def _plan(self, request: _Request, plan: Callable[[SpeechOptions], Planned]) -> Planned:
        """Plans in a thread. A model that names no voice is told as such."""
        try:
            return await asyncio.to_thread(plan, request.options)
        except UnknownNameError as error:
            if request.parameters.voice or request.options.voice is None:
                raise
            raise UnknownModelError(
                f"model {request.model!r} names no voice here: {error}; config.yaml may add it (models.aliases)"
            ) from None

    def _open(self, speech: Speech, output: OutputFormat, expected_seconds: float) -> ChunkStream[Frame]:
        encoder = create_encoder(output, speech.rate)
        return self._streams.open(
            speech.main_voice,
            lambda clock: encode_frames(speech.audio(clock), encoder),
            expected_seconds=expected_seconds,
            batched=speech.seed is None,
        )

    def _voice_of(self, model: str) -> str | None:
        """An alias may be the whole name of a model."""
        return model if model in self._registry.aliases else voice_of_model(model)
