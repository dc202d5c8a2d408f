"""Speech in this process: iterators of audio chunks or bytes, and files."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar, Unpack

from server.api.arguments import (
    DEFAULT_FORMAT,
    EncodedSpeechArguments,
    EncodedSpeechFields,
    SpeechArguments,
    SpeechFields,
)
from server.api.engine import Engine, configuration
from server.api.speech_file import SpeechFile, require_format, write_speech
from server.api.stages import Stage, bytes_stage, file_stage, samples_stage
from server.config import Config
from server.errors import ShutdownError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.types import Audio, SpeechTiming
from server.voices.voice import Voice

T = TypeVar("T")


class TextToSpeech:
    """A voice in this process.

    The constructor opens the voice, which takes a fraction of a second. Other voices of the folder are opened when a
    call or a text names them. Audio is computed in the thread that iterates, chunk by chunk: nothing is computed before
    it is asked for, and an iterator that is closed or dropped computes no more.

    Several threads may use one object at a time, each with its own iterators. `close`, or the end of a `with` block,
    releases the voices; an iterator that is still used then raises `ShutdownError`, as every later call does.

    All errors are `SpeechError`s, with the reason and the valid values in their message: `RequestError` for an
    argument or a text, `VoiceError` for a voice folder, `ConfigurationError`, `DeviceError`, `SynthesisError`.
    """

    def __init__(
        self,
        voice: str | None = None,
        *,
        models: Path | str | None = None,
        config: Config | Path | str | None = None,
    ) -> None:
        """Opens `voice`, by default `demo` or the first one of the folder.

        `models` is the folder of the voices, by default `models` below the working directory. `config` is a
        configuration or the path of a config.yaml; without it all settings have their defaults.
        """
        self._engine: Engine | None = Engine(voice, configuration(config, models))

    @property
    def voice(self) -> Voice:
        """The opened voice: its `name`, its `rate` in Hz, its `speakers` and `emotions`."""
        return self._opened().voice

    def speak(self, input: str, **arguments: Unpack[SpeechArguments]) -> Generator[Audio, None, None]:  # noqa: A002
        """The audio of a text in chunks: `samples`, float32 from -1 to 1, and their `rate` in Hz.

        `input` is plain text, text with inline marks, or SSML. The first chunk of a sentence has its times, in samples
        from the start of the audio, as its `sentence`. Raises `RequestError` for an argument at once, and for a text
        with nothing to speak at the first chunk.
        """
        engine, fields = self._opened(), SpeechFields.of(arguments)
        return self._iterate(samples_stage(engine.plan(input, fields.options), fields.sample_rate))

    def encode(self, input: str, **arguments: Unpack[EncodedSpeechArguments]) -> Generator[bytes, None, None]:  # noqa: A002
        """The audio of a text as the bytes of one file, while it is computed. By default it is mp3.

        Raises what `speak` raises.
        """
        engine, fields = self._opened(), EncodedSpeechFields.of(arguments)
        output = engine.output(fields, DEFAULT_FORMAT)
        return self._iterate(bytes_stage(engine.plan(input, fields.options), output))

    def save(self, input: str, path: Path | str, **arguments: Unpack[EncodedSpeechArguments]) -> SpeechFile:  # noqa: A002
        """Writes the audio of a text to a file, which appears when it is complete, and replaces an existing one.

        The suffix of the path is the format, unless `response_format` is given. Raises what `speak` raises, and
        `RequestError` if the file cannot be written.
        """
        engine, fields = self._opened(), EncodedSpeechFields.of(arguments)
        output = engine.output(fields, fields.response_format or require_format(Path(path)))
        chunks = self._iterate(file_stage(engine.plan(input, fields.options), output))
        return write_speech(Path(path), list(chunks), output)

    def timestamps(self, input: str, **arguments: Unpack[SpeechArguments]) -> SpeechTiming:  # noqa: A002
        """The times of the sentences, words, syllables and phones of a text, without computing its audio.

        They are those of `speak`, in samples at the voice's rate. Raises what `speak` raises.
        """
        engine, fields = self._opened(), SpeechFields.of(arguments)
        return next(self._iterate(engine.plan(input, fields.options).times))

    def close(self) -> None:
        """Releases the voices. A second call has no effect."""
        self._engine = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _opened(self) -> Engine:
        if self._engine is None:
            raise ShutdownError("this TextToSpeech is closed; create another one")
        return self._engine

    def _iterate(self, stage: Stage[T]) -> Generator[T, None, None]:
        with closing(iterate(stage(PlaybackClock()))) as chunks:
            for chunk in chunks:
                yield chunk
                self._opened()
