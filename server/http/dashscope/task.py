"""One task: a text that is spoken once, with the events and the audio that its client receives."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from server.audio.encoders import OutputFormat, create_encoder
from server.errors import RequestError, UnknownNameError
from server.http.dashscope import events
from server.http.dashscope.errors import UnknownModelError
from server.http.dashscope.events import Event
from server.http.dashscope.frames import Frame, encode_frames
from server.http.dashscope.messages import Input, RunTask
from server.http.dashscope.parameters import Parameters, voice_of_model
from server.http.dashscope.results import Results, WholeTextResults
from server.http.dashscope.usage import count_characters
from server.scheduling.async_streams import ActiveStreams, ChunkStream
from server.synthesis.multi_voice import SpeechPlanner
from server.synthesis.options import SpeechOptions

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry

SECONDS_PER_CHARACTER = 0.2
"""A guess at the duration of a text."""

SAMBERT_FORMAT = OutputFormat("wav", 16000)
COSYVOICE_FORMAT = OutputFormat("mp3", 22050)
"""The defaults of the cloud, which clients rely on."""

Send: TypeAlias = Callable[[Event | bytes], Awaitable[None]]


class SpeechTask:
    """A running task. It computes until `speak` has sent everything, or is left."""

    def __init__(self, task_id: str, chunks: ChunkStream[Frame], results: Results, text: str) -> None:
        self.id = task_id
        self._chunks = chunks
        self._results = results
        self._text = text
        self.takes_text = False
        """Whether the client may still send text."""

    async def append(self, text: Input) -> None:
        """Takes a piece of the text. Raises `RequestError` where the task takes none."""
        raise RequestError("continue-task: the text of this task was whole (header.streaming was out); run a new task")

    async def finish(self) -> None:
        """The text is complete."""

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
        return events.task_finished(self.id, self._results.output, count_characters(self._text))

    def close(self) -> None:
        """Stops the computing within a chunk."""
        self._chunks.cancel()


class TaskStarter:
    """Starts tasks: resolves the voice, plans the text and opens the stream."""

    def __init__(self, registry: "VoiceRegistry", planner: SpeechPlanner, streams: ActiveStreams) -> None:
        self._registry = registry
        self._planner = planner
        self._streams = streams

    async def start(self, message: RunTask) -> tuple[SpeechTask, list[str]]:
        """The task and what has no effect in it. Raises `RequestError`, `BusyError` or `VoiceError`."""
        parameters = Parameters.parse(message.payload.parameters)
        text = message.payload.input.text
        if not text:
            raise RequestError("payload.input.text is missing or empty; with streaming out, send the whole text")
        options = SpeechOptions(
            parameters.voice or self._voice_of(message.payload.model),
            style=parameters.style,
            wording=parameters.hot_fix.wording,
            seed=parameters.seed or None,
        )
        try:
            plan = await asyncio.to_thread(self._planner.plan_text, text, options)
        except UnknownNameError as error:
            if parameters.voice or options.voice is None:
                raise
            raise UnknownModelError(
                f"model {message.payload.model!r} names no voice here: {error}; config.yaml may add it (models.aliases)"
            ) from None
        encoder = create_encoder(parameters.output_format(SAMBERT_FORMAT), plan.rate)
        chunks = self._streams.open(
            plan.main_voice,
            lambda clock: encode_frames(plan.audio(clock), encoder),
            expected_seconds=len(text) * SECONDS_PER_CHARACTER / parameters.rate,
            batched=plan.seed is None,
        )
        task_id = message.header.task_id
        results = WholeTextResults(task_id, words=parameters.words, phonemes=parameters.phoneme_timestamp_enabled)
        return SpeechTask(task_id, chunks, results, text), list(parameters.warnings())

    def _voice_of(self, model: str) -> str | None:
        """An alias may be the whole name of a model."""
        return model if model in self._registry.aliases else voice_of_model(model)
