"""Speech in this process for asyncio: asynchronous iterators of audio chunks or bytes, and files."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Generic, Self, TypeVar, Unpack

from server.api.arguments import EncodedSpeechArguments, EncodedSpeechFields, SpeechArguments, SpeechFields
from server.api.engine import Engine, configuration
from server.api.fields import DEFAULT_FORMAT
from server.api.pieces import AsyncText, Giving, giving_pieces, require_async_pieces
from server.api.speech_file import SpeechFile, write_speech
from server.api.stages import Stage, bytes_stage, file_stage, samples_stage
from server.config import Config, SchedulerSection
from server.errors import ShutdownError
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.scheduler import Scheduler
from server.synthesis.output.labeled_speech import Speech
from server.synthesis.reference.application import ReferenceApplication
from server.types import Audio, SpeechTiming
from server.voices.voice import Voice

T = TypeVar("T")


class AsyncTextToSpeech:
    """A voice in this process, for one event loop.

    `async with AsyncTextToSpeech() as tts`, or `open` and `close`. Nothing is computed in the event loop: worker
    threads, as many as `scheduler.workers` says, compute all streams in shared batches. A stream is computed three
    chunks ahead of its reader at most. Leaving the loop over it, cancellation of its task included, ends its computing
    within a chunk; where the iterator is kept, `contextlib.aclosing` ends it in time.

    Streams are never refused for the load of this machine, but all become slower; `scheduler.max_streams` limits them
    with `BusyError`.

    All errors are `SpeechError`s, as those of `TextToSpeech`. An error in the middle of a stream follows the chunks
    that were computed before it.
    """

    def __init__(
        self,
        voice: str | None = None,
        *,
        models: Path | str | None = None,
        config: Config | Path | str | None = None,
    ) -> None:
        """For `voice`, by default `demo` or the first one of the folder. Opens nothing.

        `models` is the folder of the voices, by default `models` below the working directory. `config` is a
        configuration or the path of a config.yaml; without it all settings have their defaults.
        """
        self._name = voice
        self._config = config
        self._models = models
        self._changing = asyncio.Lock()
        self._opened: tuple[Engine, ActiveStreams] | None = None
        self._closed = False

    async def open(self) -> Self:
        """Opens the voice in a thread; a second call has no effect.

        Raises `ConfigurationError`, `UnknownNameError`, `VoiceError`, and `ShutdownError` after `close`.
        """
        async with self._changing:
            if self._closed:
                raise _closed_error()
            if self._opened is None:
                self._opened = await asyncio.to_thread(self._open)
        return self

    async def close(self) -> None:
        """Ends all streams, waits for the runs in progress, and releases the voices.

        Readers of streams get `ShutdownError`, as every later call does. A second call has no effect.
        """
        self._closed = True
        async with self._changing:
            if self._opened:
                await self._opened[1].close()
            self._opened = None

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @property
    def voice(self) -> Voice:
        """The opened voice: its `name`, its `rate` in Hz, its `speakers` and `emotions`."""
        return self._ready()[0].voice

    def speak(self, input: AsyncText, **arguments: Unpack[SpeechArguments]) -> AsyncGenerator[Audio, None]:  # noqa: A002
        """The audio of a text in chunks; see `TextToSpeech.speak`.

        Raises `RequestError` for the type or the range of an argument at once, for a name or a text at the first chunk.
        """
        fields = SpeechFields.of(arguments)
        return self._stream(input, fields, lambda speech: samples_stage(speech, fields.sample_rate))

    def encode(self, input: AsyncText, **arguments: Unpack[EncodedSpeechArguments]) -> AsyncGenerator[bytes, None]:  # noqa: A002
        """The audio of a text as the bytes of one file, while it is computed. By default it is mp3.

        Raises what `speak` raises.
        """
        fields = EncodedSpeechFields.of(arguments)
        output = self._ready()[0].output(fields, DEFAULT_FORMAT)
        return self._stream(input, fields, lambda speech: bytes_stage(speech, output))

    async def save(
        self,
        input: AsyncText,  # noqa: A002
        path: Path | str,
        *,
        timestamps: Path | str | None = None,
        **arguments: Unpack[EncodedSpeechArguments],
    ) -> SpeechFile:
        """Writes the audio of a text to a file; see `TextToSpeech.save`."""
        fields = EncodedSpeechFields.of(arguments)
        target = self._ready()[0].target(fields, path, timestamps)
        stream = self._stream(input, fields, lambda speech: file_stage(speech, target.output))
        chunks = [chunk async for chunk in stream]
        return await asyncio.to_thread(write_speech, chunks, target)

    async def timestamps(self, input: str, **arguments: Unpack[SpeechArguments]) -> SpeechTiming:  # noqa: A002
        """The times of a text, without computing its audio; see `TextToSpeech.timestamps`."""
        fields = SpeechFields.of(arguments)

        def prepare(engine: Engine) -> _Stream[SpeechTiming]:
            speech = engine.plan(input, fields)
            return _Stream(speech, speech.times)

        async with aclosing(self._compute(prepare)) as times:
            return await anext(times)

    async def reference_settings(self, **arguments: Unpack[SpeechArguments]) -> ReferenceApplication:
        """What a call with these arguments takes over of its reference; see `TextToSpeech.reference_settings`."""
        engine, fields = self._ready()[0], SpeechFields.of(arguments)
        return await asyncio.to_thread(engine.reference_settings, fields)

    def _open(self) -> tuple[Engine, ActiveStreams]:
        config = configuration(self._config, self._models)
        return Engine(self._name, config), ActiveStreams(Scheduler(_unlimited(config.scheduler)))

    def _ready(self) -> tuple[Engine, ActiveStreams]:
        if self._closed:
            raise _closed_error()
        if self._opened is None:
            raise ShutdownError("this AsyncTextToSpeech is not open; use `async with`, or await `open()`")
        return self._opened

    def _stream(
        self, text: AsyncText, fields: SpeechFields, stage: Callable[[Speech], Stage[T]]
    ) -> AsyncGenerator[T, None]:
        def prepare(engine: Engine) -> _Stream[T]:
            if isinstance(text, str):
                speech: Speech = engine.plan(text, fields)
                return _Stream(speech, stage(speech))
            require_async_pieces(text)
            speech_input, speech = engine.open_input(fields)
            return _Stream(speech, stage(speech), partial(giving_pieces, text, speech_input))

        return self._compute(prepare)

    async def _compute(self, prepare: Callable[[Engine], "_Stream[T]"]) -> AsyncGenerator[T, None]:
        engine, streams = self._ready()
        stream = await asyncio.to_thread(prepare, engine)
        try:
            chunks = await streams.open(stream.speech.main_voice, stream.stage, batched=stream.speech.seed is None)
            with chunks:
                async with stream.giving(chunks.cancel):
                    async for chunk in chunks:
                        yield chunk
        except ShutdownError:
            raise _closed_error() from None


def _no_pieces(cancel: Callable[[], None]) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class _Stream(Generic[T]):
    """What the scheduler needs to begin a stream."""

    speech: Speech
    stage: Stage[T]
    giving: Giving = _no_pieces


def _closed_error() -> ShutdownError:
    return ShutdownError("this AsyncTextToSpeech is closed; create another one")


def _unlimited(settings: SchedulerSection) -> SchedulerSection:
    """Admission by load is for a server, whose clients can come again later."""
    return settings.model_copy(update={"max_utilization": inf})
