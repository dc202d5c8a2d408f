"""One task: a text that is spoken once, with the events and the audio that its client receives."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from server.errors import RequestError
from server.http.dashscope import events
from server.http.dashscope.events import Event
from server.http.dashscope.messages import Input
from server.http.dashscope.results import Results
from server.http.dashscope.usage import Usage
from server.logs.context import report_text
from server.logs.texts import log_text
from server.scheduling.async_streams import ChunkStream
from server.synthesis.speech_input import SpeechInput
from server.text.markdown import MarkdownFilter
from server.types import EncodedChunk

Send: TypeAlias = Callable[[Event | bytes], Awaitable[None]]


class SpeechTask:
    """A running task, whose text is whole. It computes until `speak` has sent everything, or it is closed."""

    takes_text = False
    """Whether the client may still send text."""

    def __init__(self, task_id: str, chunks: ChunkStream[EncodedChunk], results: Results, usage: Usage) -> None:
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
            async for chunk in self._chunks:
                for message in self._results.of(chunk):
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
        chunks: ChunkStream[EncodedChunk],
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
        log_text(text)
        report_text(self._speech.main_voice, len(text))
        if self._markdown:
            text = self._markdown.append(text)
        if self._markdown and flush:
            text += self._markdown.finish()
            self._markdown = MarkdownFilter()
        self._speech.append(text)
        if flush:
            self._speech.flush()
